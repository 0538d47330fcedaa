"""The prices of paid models: a small dated table, and the file that may replace it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from indexer.errors import InvalidRequest
from indexer.settings import Settings

PAID = "openai:"  # how the names of models that are paid by the token begin
_OPENAI = "api.openai.com"
_MOST_BYTES = 1_000_000  # of the file
_Usd = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


@dataclass(frozen=True)
class Price:
    """The price of a model, in US dollars for a million tokens, and the date of the table that has it.

    `elsewhere`: the table is that of OpenAI, and requests go to another address.
    """

    usd_per_million: float
    batch_usd_per_million: float
    dated: str
    elsewhere: bool = False

    def cost(self, tokens: int, batch: bool = False) -> float:
        """Return the price of so many tokens in US dollars; `batch`: by the Batch API."""
        return tokens * (self.batch_usd_per_million if batch else self.usd_per_million) / 1e6


FREE = Price(0.0, 0.0, "")  # of a model that runs here


class _ModelPrice(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    usd_per_million: _Usd
    batch_usd_per_million: _Usd


class PriceTable(BaseModel):
    """Prices by the names of models, and their date."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    dated: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}(-\d{2})?$")]
    models: dict[Annotated[str, StringConstraints(pattern=f"^{PAID}.")], _ModelPrice]

    def price_of(self, model: str) -> Price | None:
        """Return the price of a model, `FREE` for one that runs here; None where the table does not have it."""
        if not model.startswith(PAID):
            return FREE
        found = self.models.get(model)
        if found is None:
            return None
        elsewhere = self is _OPENAIS and not _asks_openai()
        return Price(found.usd_per_million, found.batch_usd_per_million, self.dated, elsewhere)


_OPENAIS = PriceTable(
    dated="2026-11",
    models={
        f"{PAID}{name}": _ModelPrice(usd_per_million=usd, batch_usd_per_million=usd / 2)
        for name, usd in {
            "text-embedding-3-small": 0.02,
            "text-embedding-3-large": 0.13,
            "text-embedding-ada-002": 0.10,
        }.items()
    },
)


def price_of(model: str, settings: Settings) -> Price | None:
    """Return the price of a model, `FREE` for one that runs here; None where the table does not have it.

    A price of the user's own table counts for any address. Raises InvalidRequest as `price_table` does.
    """
    return price_table(settings).price_of(model)


def price_table(settings: Settings) -> PriceTable:
    """Return the table that counts; raises InvalidRequest where the user's own cannot be read, and says where."""
    if not settings.prices:
        return _OPENAIS
    try:
        with Path(settings.prices).open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise InvalidRequest(
                f"TOPICDEX_PRICES={settings.prices} is over {_MOST_BYTES} bytes; is it the right file?"
            )
        return PriceTable.model_validate(json.loads(raw))
    except OSError as error:
        raise InvalidRequest(f"TOPICDEX_PRICES={settings.prices} cannot be read ({error.strerror}); mend it") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InvalidRequest(f"TOPICDEX_PRICES={settings.prices}: {where}: {first['msg']}; mend it") from None
    except (ValueError, RecursionError):
        raise InvalidRequest(f"TOPICDEX_PRICES={settings.prices} is no JSON; mend it") from None


def dollars(usd: float) -> str:
    """Return an amount as it is shown: cents from a dollar on, millionths of a dollar below."""
    return f"USD {usd:,.2f}" if usd >= 1 or usd == 0 else f"USD {usd:.6f}"


def _asks_openai() -> bool:
    """Tell whether the openai library asks OpenAI itself."""
    address = os.environ.get("OPENAI_BASE_URL") or f"https://{_OPENAI}"
    try:
        return urlsplit(address).hostname == _OPENAI
    except ValueError:  # no address at all
        return False
