"""Places, borders and corridors: facts read from GeoJSON. Knows no journey, store or device."""
