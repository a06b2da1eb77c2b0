from __future__ import annotations

import shutil
import subprocess

import pytest

from privacydesk.web.assets import STATIC, Assets, bundled
from privacydesk.web.bundles import bundle

MODULES = {
    "js/main.js": (
        'import { Log, limit as most } from "./log.js";\n'
        'import {\n  text,\n} from "./parts/text.js";\n'
        "console.log(new Log().shown(), most, text());\n"
    ),
    "js/log.js": (
        'import { text } from "./parts/text.js";\n'
        "export const limit = 3;\nconst own = 1;\n"
        "export class Log {\n  shown() {\n    return text() + own;\n  }\n}\n"
    ),
    "js/parts/text.js": "const own = 2;\nexport function text() {\n  return own;\n}\n",
}


def _run(script: str) -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to run it")
    done = subprocess.run(  # noqa: S603 - our own text
        [node, "--input-type=module"], input=script, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_bundle_does_what_its_modules_do_and_keeps_their_names_apart() -> None:
    assert _run(bundle(MODULES, "js/main.js")) == "3 3 2"


def test_each_module_is_in_a_bundle_once() -> None:
    assert bundle(MODULES, "js/main.js").count("const own = 2;") == 1


@pytest.mark.parametrize(
    "line",
    [
        "export default 1;\n",
        "export let count = 0;\n",
        "export { own };\n",
        'import * as log from "./log.js";\n',
    ],
)
def test_what_a_bundle_would_change_is_refused(line: str) -> None:
    modules = {**MODULES, "js/log.js": MODULES["js/log.js"] + line}
    with pytest.raises(ValueError, match=r"js/log\.js: .* can't be bundled"):
        bundle(modules, "js/main.js")


def test_modules_that_import_each_other_are_refused() -> None:
    modules = {**MODULES, "js/parts/text.js": 'import { Log } from "../log.js";\n'}
    with pytest.raises(
        ValueError, match=r"each other: js/main\.js → js/log\.js → js/parts/text\.js"
    ):
        bundle(modules, "js/main.js")


def test_the_chat_is_bundled_with_all_that_it_imports() -> None:
    files = Assets(bundles=["js/main.js"])
    body = files._files[bundled("js/main.js")].body.decode()
    imported = {one.rpartition("/")[2] for one in files.imports("js/main.js")}
    assert {"client.js", "log.js"} <= imported
    for name in imported:
        (comment, *_) = (STATIC / "js" / name).read_text("utf-8").splitlines()
        assert comment in body
