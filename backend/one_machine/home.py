"""What a home remembers: fresh secrets, the port it served, and whether it is a demo."""

import base64
import secrets
import shutil
from pathlib import Path

import msgspec

from backend.embedded.home import free_port, make_private_directory, port_is_free, write_private
from backend.refused import Refused

SIMULATED_APP_ID_PREFIX = "wxsim"


class HomeRefused(Refused):
    """This home cannot be started the way it was asked; the text is one clear line."""


class HomeSecrets(msgspec.Struct, frozen=True, kw_only=True):
    """Secrets of one home, made when it was made: no two homes share one."""

    session_key: str
    cookie_key: str
    wechat_app_id: str
    wechat_app_secret: str
    wechat_original_id: str
    wechat_token: str
    wechat_encoding_aes_key: str
    head_end_api_key: str
    head_end_commands_key: str
    province_key: str
    metrics_key: str
    demo_secret: str

    @classmethod
    def fresh(cls) -> "HomeSecrets":
        """New random secrets in the shapes that WeChat and our settings ask for."""
        return cls(
            session_key=secrets.token_hex(32),
            cookie_key=secrets.token_hex(32),
            wechat_app_id=SIMULATED_APP_ID_PREFIX + secrets.token_hex(6),
            wechat_app_secret=secrets.token_hex(16),
            wechat_original_id="gh_" + secrets.token_hex(6),
            wechat_token=secrets.token_hex(16),
            # WeChat's form: base64 of 32 bytes without its final sign, 43 characters.
            wechat_encoding_aes_key=base64.b64encode(secrets.token_bytes(32)).decode()[:43],
            head_end_api_key=secrets.token_hex(24),
            head_end_commands_key=secrets.token_hex(24),
            province_key=secrets.token_hex(24),
            metrics_key=secrets.token_hex(24),
            demo_secret=secrets.token_hex(24),
        )

    @property
    def province_key_ring(self) -> str:
        """The key shared with the province's 95598, in the form `kid:secret`."""
        return f"home:{self.province_key}"


class HomeState(msgspec.Struct, kw_only=True):
    """Facts about the home that are no secrets."""

    is_demo: bool
    port: int | None = None
    wechat_simulator_port: int | None = None
    head_end_simulator_port: int | None = None
    province_simulator_port: int | None = None

    def choose_simulator_ports(self) -> tuple[int, int, int]:
        """The ports of the last start where they are free, so that open pages stay good."""
        self.wechat_simulator_port = kept_or_free(self.wechat_simulator_port)
        self.head_end_simulator_port = kept_or_free(self.head_end_simulator_port)
        self.province_simulator_port = kept_or_free(self.province_simulator_port)
        return (
            self.wechat_simulator_port,
            self.head_end_simulator_port,
            self.province_simulator_port,
        )


def kept_or_free(port: int | None) -> int:
    """`port` when nobody listens on it, else another one that is free."""
    return port if port is not None and port_is_free(port) else free_port()


class Home:
    """The directory of a one-machine installation and the names of its files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.logs = self.directory / "logs"
        self.metrics = self.directory / "metrics"
        self.blobs = self.directory / "blobs"
        self.settings_file = self.directory / "settings.toml"
        self.ready_file = self.directory / "ready.json"
        self.wechat_simulator_file = self.directory / "wechat-simulator.json"
        self.head_end_simulator_file = self.directory / "head-end-simulator.json"
        self.province_simulator_file = self.directory / "province-simulator.json"
        self._secrets_file = self.directory / "secrets.json"
        self._state_file = self.directory / "state.json"

    def make(self) -> None:
        """Make the directory, closed to others; one that exists keeps its mode."""
        make_private_directory(self.directory)
        make_private_directory(self.logs)

    def begin(self) -> None:
        """Take away what belongs to the last run; the caller holds the lock of the home."""
        self.ready_file.unlink(missing_ok=True)
        # Numbers of processes that ended long ago would be counted for ever.
        shutil.rmtree(self.metrics, ignore_errors=True)
        make_private_directory(self.metrics)

    def secrets(self) -> HomeSecrets:
        """The secrets of this home; what an older version did not keep yet is made now."""
        kept: dict[str, str] = {}
        if self._secrets_file.exists():
            kept = msgspec.json.decode(self._secrets_file.read_bytes(), type=dict[str, str])
        whole = msgspec.convert(
            msgspec.structs.asdict(HomeSecrets.fresh()) | kept, type=HomeSecrets
        )
        write_private(self._secrets_file, msgspec.json.encode(whole).decode())
        return whole

    def state(self, *, is_demo: bool) -> HomeState:
        """What is remembered; raises HomeRefused when demo and real data would be mixed."""
        if not self._state_file.exists():
            state = HomeState(is_demo=is_demo)
            self.remember(state)
            return state
        state = msgspec.json.decode(self._state_file.read_bytes(), type=HomeState)
        if state.is_demo and not is_demo:
            raise HomeRefused(
                f"{self.directory} holds a demo county: start it without --no-demo, "
                "or choose another --home"
            )
        if is_demo and not state.is_demo:
            raise HomeRefused(
                f"{self.directory} was made without the demo county: start it with --no-demo, "
                "or choose another --home"
            )
        return state

    def remember(self, state: HomeState) -> None:
        write_private(self._state_file, msgspec.json.encode(state).decode())
