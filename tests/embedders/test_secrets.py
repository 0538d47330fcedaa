"""Keys stay where they are: in no log, error, page, store, cache or list of processes, whatever goes wrong."""

import os
import re
import subprocess
from pathlib import Path

from scripts.processes import REPOSITORY, TOPICDEX, serve, wait_until
from tests.embedders.paid_api import KEY, PaidAPI

OWN_KEY = "topicdex-key-of-the-operator"
WRONG = "sk-wrong-but-a-secret-too"
SECRETS = (KEY, OWN_KEY, WRONG)
MODEL = "openai:text-embedding-3-small"


def test_no_key_is_seen_anywhere(tmp_path):
    data, seen = tmp_path / "data", {}
    with PaidAPI() as api:
        env = {
            **os.environ,
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": api.url,
            "OPENAI_LOG": "debug",
            "TOPICDEX_API_KEY": OWN_KEY,
            "TOPICDEX_CACHE": str(tmp_path / "cache"),
        }
        file = tmp_path / "words.txt"
        file.write_text("\n".join(f"a word {i}" for i in range(40)))
        api.faults = ["error_500", "limited_for_a_moment"]
        seen["index"] = run(["index", str(file), "--data", str(data), "--model", MODEL], env)
        assert "40" in seen["index"]
        seen["wrong key"] = run(["similar", "x", "--data", str(data)], {**env, "OPENAI_API_KEY": WRONG})
        assert "OPENAI_API_KEY" in seen["wrong key"]
        seen["info"] = run(["info", "--data", str(data), "--json"], env)
        with serve("--data", data, "--model", MODEL, env=env) as server:
            server.ready()
            seen["processes"] = b"".join(f.read_bytes() for f in Path("/proc").glob("[0-9]*/cmdline") if f.exists())
            api.faults = ["error_500"] * 3
            for authorization in (f"Bearer {OWN_KEY}", f"Bearer {WRONG}", KEY):
                for path in ("/", "/docs", "/openapi.json", "/readyz", "/v1/info", "/v1/words?limit=10", "/v1/words/é"):
                    answer = server.client.get(path, headers={"Authorization": authorization})
                    seen[f"{path} by {authorization[:8]}"] = f"{answer.headers} {answer.text}"
                body = {"texts": ["something new"]}
                answer = server.client.post("/v1/topics/nearest", json=body, headers={"Authorization": authorization})
                seen[f"a question by {authorization[:8]}"] = f"{answer.headers} {answer.text}"
            wait_until(lambda: server.client.get("/healthz").status_code == 200, "the server is gone")
        seen["log"] = "".join(server.said)
    assert len(seen["log"]) > 100
    for file in tmp_path.rglob("*"):
        if file.is_file():
            seen[str(file)] = file.read_bytes()
    for place, content in seen.items():
        content = content if isinstance(content, bytes) else content.encode()
        assert not [secret for secret in SECRETS if secret.encode() in content], place
        assert not re.search(b"Bearer (sk|topicdex)-", content), place


def run(arguments, env):
    ran = subprocess.run([*TOPICDEX, *arguments], env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    return ran.stdout + ran.stderr
