"""The time series in InfluxDB: docs/influxdb.md has the schema. Books stay in SQLite, as does what is on its way."""
