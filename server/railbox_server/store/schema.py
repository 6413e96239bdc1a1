"""The tables of the SQLite store, one script a version: version n is the first n scripts, `PRAGMA user_version` counts.

A script that was released is never changed; a change of the schema is a new script.
"""

from typing import Final

# Rows of knots and readings are clustered by (device, time): a track is one run of pages. Small integers stand for
# devices and outboxes there, and the delay until a knot was received for when that was: 36 bytes a knot.
_FIRST: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('registry_version', 0);

CREATE TABLE devices (id INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE, registered_at_ms INTEGER);
CREATE TABLE assignments (
  id INTEGER PRIMARY KEY, device_id INTEGER NOT NULL REFERENCES devices, unit TEXT NOT NULL,
  from_s INTEGER, to_s INTEGER);
CREATE INDEX assignments_device ON assignments (device_id);

CREATE TABLE outboxes (
  id INTEGER PRIMARY KEY, device_id INTEGER NOT NULL REFERENCES devices, epoch INTEGER NOT NULL,
  last_received_at_ms INTEGER NOT NULL, UNIQUE (device_id, epoch));
-- state: 0 stored, 1 quarantined, 2 discarded by the tracker
CREATE TABLE seq_ranges (
  outbox_id INTEGER NOT NULL, state INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY (outbox_id, state, first)) WITHOUT ROWID;
CREATE TABLE batches (
  outbox_id INTEGER NOT NULL, seq INTEGER NOT NULL, received_at_ms INTEGER NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY (outbox_id, seq)) WITHOUT ROWID;
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, digest BLOB NOT NULL,
  received_at_ms INTEGER NOT NULL, epoch INTEGER, seq INTEGER, payload BLOB NOT NULL, UNIQUE (device, digest));
CREATE TABLE statuses (
  device TEXT PRIMARY KEY, received_at_ms INTEGER NOT NULL, online INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE knots (
  device_id INTEGER NOT NULL, time_s INTEGER NOT NULL, outbox_id INTEGER NOT NULL, seq INTEGER NOT NULL,
  lat_e5 INTEGER NOT NULL, lon_e5 INTEGER NOT NULL, dark_s INTEGER NOT NULL, delay_s INTEGER NOT NULL,
  speed_dmps INTEGER, course_deg INTEGER, accuracy_m INTEGER, sats INTEGER, flags INTEGER,
  PRIMARY KEY (device_id, time_s, outbox_id, seq)) WITHOUT ROWID;
CREATE TABLE readings (
  device_id INTEGER NOT NULL, channel INTEGER NOT NULL, time_s INTEGER NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (device_id, channel, time_s)) WITHOUT ROWID;
-- nth: where in its batch, so that two equal events of one second are two
CREATE TABLE events (
  device_id INTEGER NOT NULL, time_s INTEGER NOT NULL, outbox_id INTEGER NOT NULL, seq INTEGER NOT NULL,
  nth INTEGER NOT NULL, code INTEGER NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (device_id, time_s, outbox_id, seq, nth)) WITHOUT ROWID;
CREATE TABLE undated (
  device_id INTEGER NOT NULL, boot_id INTEGER NOT NULL, outbox_id INTEGER NOT NULL, seq INTEGER NOT NULL,
  nth INTEGER NOT NULL, monotonic_s INTEGER NOT NULL, code INTEGER NOT NULL, value INTEGER NOT NULL,
  PRIMARY KEY (device_id, boot_id, outbox_id, seq, nth)) WITHOUT ROWID;
CREATE TABLE boot_clocks (
  device_id INTEGER NOT NULL, boot_id INTEGER NOT NULL, outbox_id INTEGER NOT NULL, seq INTEGER NOT NULL,
  utc_offset_s INTEGER NOT NULL, PRIMARY KEY (device_id, boot_id, outbox_id, seq, utc_offset_s)) WITHOUT ROWID;
-- A boot's last word on its clock counts, whichever arrived first.
CREATE VIEW dated_events AS
  SELECT device_id, time_s, code, value FROM events
  UNION ALL
  SELECT u.device_id,
         u.monotonic_s + (SELECT c.utc_offset_s FROM boot_clocks c
                           WHERE c.device_id = u.device_id AND c.boot_id = u.boot_id
                           ORDER BY c.seq DESC, c.utc_offset_s DESC LIMIT 1) AS time_s,
         u.code, u.value
    FROM undated u WHERE EXISTS
         (SELECT 1 FROM boot_clocks c WHERE c.device_id = u.device_id AND c.boot_id = u.boot_id);

CREATE TABLE units (unit TEXT PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE visits (
  unit TEXT NOT NULL, nth INTEGER NOT NULL, open INTEGER NOT NULL, row TEXT NOT NULL,
  PRIMARY KEY (unit, nth)) WITHOUT ROWID;
CREATE INDEX visits_open ON visits (unit) WHERE open;
CREATE TABLE crossings (
  unit TEXT NOT NULL, nth INTEGER NOT NULL, open INTEGER NOT NULL, row TEXT NOT NULL, border TEXT, departed TEXT,
  PRIMARY KEY (unit, nth)) WITHOUT ROWID;
CREATE INDEX crossings_open ON crossings (unit) WHERE open;
CREATE INDEX crossings_recent ON crossings (border, departed) WHERE NOT open;
CREATE TABLE untrusted (
  unit TEXT NOT NULL, device TEXT NOT NULL, epoch INTEGER NOT NULL, time_s INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (unit, device, epoch, time_s)) WITHOUT ROWID;
"""

# The engine judges every unit anew at its start, and fills these then.
_SECOND: Final = """
INSERT INTO meta VALUES ('statistics_version', 0);
-- trip: what the unit's way along its corridor comes to, for statistics
CREATE TABLE progress (unit TEXT PRIMARY KEY, row TEXT NOT NULL, trip TEXT) WITHOUT ROWID;
CREATE TABLE custody (
  unit TEXT NOT NULL, nth INTEGER NOT NULL, row TEXT NOT NULL, PRIMARY KEY (unit, nth)) WITHOUT ROWID;
"""

# 33 bytes a knot instead of 39: an outbox is of one device, and the five columns of the state are one integer
# (state.py). `boxes` is where an outbox was in each four hours: what a search by place looks through first.
# `spool`: batches whose rows are still to be delivered to another database. State 3 of seq_ranges: stored, and the wire
# bytes were let go by retention.
_THIRD: Final = """
CREATE TABLE packed_knots (
  outbox_id INTEGER NOT NULL, time_s INTEGER NOT NULL, seq INTEGER NOT NULL,
  lat_e5 INTEGER NOT NULL, lon_e5 INTEGER NOT NULL, dark_s INTEGER NOT NULL, delay_s INTEGER NOT NULL, state INTEGER,
  PRIMARY KEY (outbox_id, time_s, seq)) WITHOUT ROWID;
INSERT INTO packed_knots
  SELECT outbox_id, time_s, seq, lat_e5, lon_e5, dark_s, delay_s,
         nullif(ifnull(speed_dmps + 1, 0) | (ifnull(course_deg + 1, 0) << 11) | (ifnull(accuracy_m + 1, 0) << 20)
                | (ifnull(sats + 1, 0) << 34) | (ifnull(flags + 1, 0) << 43), 0)
    FROM knots ORDER BY outbox_id, time_s, seq;
DROP TABLE knots;
ALTER TABLE packed_knots RENAME TO knots;
CREATE TABLE boxes (
  part INTEGER NOT NULL, outbox_id INTEGER NOT NULL, south_e5 INTEGER NOT NULL, north_e5 INTEGER NOT NULL,
  west_e5 INTEGER NOT NULL, east_e5 INTEGER NOT NULL, PRIMARY KEY (part, outbox_id)) WITHOUT ROWID;
INSERT INTO boxes
  SELECT time_s / 14400, outbox_id, min(lat_e5), max(lat_e5), min(lon_e5), max(lon_e5)
    FROM knots GROUP BY time_s / 14400, outbox_id;
CREATE TABLE spool (
  outbox_id INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (outbox_id, seq)) WITHOUT ROWID;
-- How much quarantine holds, kept by triggers so that nobody need look through it.
INSERT INTO meta SELECT 'quarantine_bytes', ifnull(sum(length(payload)), 0) FROM quarantine;
CREATE TRIGGER quarantine_grew AFTER INSERT ON quarantine BEGIN
  UPDATE meta SET value = value + length(new.payload) WHERE key = 'quarantine_bytes'; END;
CREATE TRIGGER quarantine_shrank AFTER DELETE ON quarantine BEGIN
  UPDATE meta SET value = value - length(old.payload) WHERE key = 'quarantine_bytes'; END;
"""

# let_go: until when retention let go of a device's rows of a kind. What was derived of that time stays (past.py).
_FOURTH: Final = """
CREATE TABLE let_go (
  device_id INTEGER NOT NULL, kind TEXT NOT NULL, before_s INTEGER NOT NULL, PRIMARY KEY (device_id, kind)
) WITHOUT ROWID;
CREATE INDEX assignments_unit ON assignments (unit);
"""

# Visits, crossings and custody with the time they lasted by their estimates, so that those of a time are found; 2^62
# stands for never. `trips`: one for each run along a corridor, with what was measured on it.
_FIFTH: Final = """
ALTER TABLE visits ADD COLUMN from_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE visits ADD COLUMN until_s INTEGER NOT NULL DEFAULT 0;
UPDATE visits SET
  from_s = ifnull(unixepoch(json_extract(row, '$.entered.est')), -(1 << 62)),
  until_s = ifnull(unixepoch(json_extract(row, '$.exited.est')), 1 << 62);
ALTER TABLE crossings ADD COLUMN from_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE crossings ADD COLUMN until_s INTEGER NOT NULL DEFAULT 0;
UPDATE crossings SET
  from_s = ifnull(unixepoch(json_extract(row, '$.arrived.est')), -(1 << 62)),
  until_s = ifnull(unixepoch(json_extract(row, '$.departed.est')), 1 << 62);
CREATE TABLE trips (
  unit TEXT NOT NULL, from_s INTEGER NOT NULL, until_s INTEGER NOT NULL, row TEXT NOT NULL,
  PRIMARY KEY (unit, from_s)) WITHOUT ROWID;
INSERT INTO trips
  SELECT unit, json_extract(trip, '$.from_s'), json_extract(trip, '$.to_s'), trip FROM progress WHERE trip IS NOT NULL;
ALTER TABLE progress DROP COLUMN trip;
CREATE TABLE spans (
  unit TEXT NOT NULL, from_s INTEGER NOT NULL, until_s INTEGER NOT NULL, what TEXT NOT NULL, row TEXT NOT NULL,
  PRIMARY KEY (unit, from_s, until_s, what)) WITHOUT ROWID;
INSERT OR IGNORE INTO spans
  SELECT unit, ifnull(unixepoch(json_extract(row, '$.start.est')), -(1 << 62)),
         ifnull(unixepoch(json_extract(row, '$.end.est')), 1 << 62),
         ifnull('at ' || json_extract(row, '$.place'), 'leg'), row
    FROM custody;
DROP TABLE custody;
ALTER TABLE spans RENAME TO custody;
"""

SCRIPTS: Final = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH)
