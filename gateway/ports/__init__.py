"""The architecture on one page: the doors between the layers.

```
wire bytes -> driver (pure decode) -> recorder (tick, stamp, counters) -> hub -> adapter.apply(update) -> client
```
A driver sees a bus or a byte link, never a port or a socket. An adapter sees a SiteSpec and Updates, never a driver.

`wires` is what drivers stand on, `drivers` what they are, `adapters` what is on the other side, and `desk` where
clients ask for more than values.
"""

from gateway.ports.adapters import (
    Adapter,
    AdapterKind,
    CertificateReport,
    CertifiedKind,
    CheckingKind,
    GuardedKind,
    ReadBack,
    SelfReadingKind,
    ServedName,
    SettingsWithFiles,
)
from gateway.ports.desk import ActionDesk, OffersActions, UserDirectory
from gateway.ports.drivers import (
    ActionDriver,
    ActionExecutor,
    BroadcastSource,
    DiscoverableDriver,
    Driver,
    ExplainingDriver,
    FrameRecogniser,
    LocalDriver,
    LocalSource,
    PollSource,
    TemplatedDriver,
    WireActionDriver,
    WireDriver,
)
from gateway.ports.wires import ByteLink, Exchange, LinkOpener, ModbusBus

__all__ = [
    "ActionDesk",
    "ActionDriver",
    "ActionExecutor",
    "Adapter",
    "AdapterKind",
    "BroadcastSource",
    "ByteLink",
    "CertificateReport",
    "CertifiedKind",
    "CheckingKind",
    "DiscoverableDriver",
    "Driver",
    "Exchange",
    "ExplainingDriver",
    "FrameRecogniser",
    "GuardedKind",
    "LinkOpener",
    "LocalDriver",
    "LocalSource",
    "ModbusBus",
    "OffersActions",
    "PollSource",
    "ReadBack",
    "SelfReadingKind",
    "ServedName",
    "SettingsWithFiles",
    "TemplatedDriver",
    "UserDirectory",
    "WireActionDriver",
    "WireDriver",
]
