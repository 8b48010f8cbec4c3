"""Known and trusted devices in the database."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select, update

from jupyter_secure.identity.devices import Device
from jupyter_secure.store import schema
from jupyter_secure.store.database import Database

_devices = schema.devices.c


class DatabaseDevices:
    """Implements ``identity.devices.DeviceStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_digest(self, digest: bytes) -> Device | None:
        """See ``DeviceStore.by_digest``."""
        statement = select(schema.devices).where(_devices.digest == digest)
        with self._database.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Device(*row)

    def of_account(self, username: str) -> tuple[Device, ...]:
        """See ``DeviceStore.of_account``."""
        statement = (
            select(schema.devices)
            .where(_devices.username == username)
            .order_by(_devices.last_used_at.desc(), _devices.public_id)
        )
        with self._database.reading() as connection:
            return tuple(Device(*row) for row in connection.execute(statement))

    def put(self, device: Device, session: str, most: int) -> None:
        """See ``DeviceStore.put``."""
        generation = select(schema.accounts.c.generation).where(
            schema.accounts.c.username == device.username
        )
        kept = (
            select(_devices.digest)
            .where(_devices.username == device.username)
            .order_by(_devices.last_used_at.desc(), _devices.public_id)
            .limit(most)
        )
        with self._database.writing() as connection:
            if connection.execute(generation).scalar_one_or_none() != device.generation:
                return  # its password or a factor was changed this moment
            connection.execute(delete(schema.devices).where(_devices.digest == device.digest))
            connection.execute(insert(schema.devices), asdict(device))
            connection.execute(
                delete(schema.devices).where(
                    _devices.username == device.username, _devices.digest.not_in(kept)
                )
            )
            connection.execute(
                update(schema.sessions)
                .where(schema.sessions.c.public_id == session)
                .values(device=device.public_id)
            )

    def remove(self, username: str, public_id: str) -> bool:
        """See ``DeviceStore.remove``."""
        statement = delete(schema.devices).where(
            _devices.username == username, _devices.public_id == public_id
        )
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount == 1

    def remove_all(self, username: str) -> int:
        """See ``DeviceStore.remove_all``."""
        statement = delete(schema.devices).where(_devices.username == username)
        with self._database.writing() as connection:
            return connection.execute(statement).rowcount
