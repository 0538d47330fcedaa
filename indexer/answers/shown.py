"""What all answers have in common."""

from pydantic import BaseModel, ConfigDict


class Shown(BaseModel):
    """Base of all answers: fields as the contract has them, never changed once made."""

    model_config = ConfigDict(frozen=True)
