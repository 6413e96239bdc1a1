"""The shapes of the API's answers: names, types and units of every field, for readers and for OpenAPI.

One file a subject. Times are ISO 8601 with Z, positions degrees (WGS 84). Answers are not checked against them when
they are given (that would cost more than reading them): tests do.
"""
