import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from psycopg2.extensions import parse_dsn

from lastmile.embedded import addresses, secret_key
from lastmile.embedded.errors import EmbeddedError
from lastmile.embedded.places import LONGEST_RUN_FOLDER, make_run_folder, places


def test_the_addresses_follow_from_the_data_folder_alone() -> None:
    assert addresses(Path("/srv/lm")) == addresses(Path("/srv/other/../lm"))
    assert addresses(Path("/srv/lm")).broker_url == (
        "redis+socket:///srv/lm/run/valkey.sock?virtual_host=0"
    )


def test_a_client_library_reads_the_socket_folder_out_of_the_address() -> None:
    read = parse_dsn(addresses(Path("/srv/lm")).database_url)
    assert read == {"user": "lastmile", "dbname": "lastmile", "host": "/srv/lm/run"}


@pytest.mark.parametrize(
    "folder",
    ["/srv/" + "long/" * 30, "/my work/Last Mile", "/trial(1)", "/v1,v2", "/a+b", "/über"],
)
def test_a_path_that_sockets_cannot_carry_moves_the_sockets(folder: str) -> None:
    run = places(Path(folder)).run
    assert run.parent == Path("/tmp")  # noqa: S108
    assert len(str(run)) <= LONGEST_RUN_FOLDER


def test_the_longest_path_keeps_its_sockets_and_one_byte_more_moves_them() -> None:
    room = LONGEST_RUN_FOLDER - len("/run")
    fitting = Path("/" + "d" * (room - 1))
    assert places(fitting).run == fitting / "run"
    assert places(Path(f"{fitting}d")).run.parent == Path("/tmp")  # noqa: S108


def test_two_data_folders_never_share_sockets() -> None:
    assert places(Path("/one, two")).run != places(Path("/one, three")).run


def test_the_key_is_made_once_and_is_for_its_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "var"
    first = secret_key(data)
    assert len(first) >= 50
    assert secret_key(data) == first
    assert stat.S_IMODE((data / "secret.key").stat().st_mode) == 0o600
    assert [file.name for file in data.iterdir()] == ["secret.key"]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(secret_key, [tmp_path] * 32))) == 1


def test_a_planted_link_is_not_taken_for_the_socket_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        make_run_folder(tmp_path / "run", owners=frozenset({os.getuid()}))


def test_a_folder_of_somebody_else_is_not_taken_for_the_socket_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(EmbeddedError, match="LASTMILE_DATA"):
        make_run_folder(tmp_path / "run", owners=frozenset({os.getuid() + 1}))


def test_an_open_socket_folder_is_closed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    make_run_folder(tmp_path / "run", owners=frozenset({os.getuid()}))
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
