"""What the generator may not take for valid, although the schemas have no words for it."""

import schemathesis


def whole(value):
    """JSON Schema counts `22.0` among the integers; this API reads whole numbers written without a fraction."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    return value


@schemathesis.hook
def map_body(context, body):
    return whole(body)


@schemathesis.hook
def filter_case(context, case):
    """Of conditions that hold conditions the generator sometimes makes a bare `0` and calls it valid."""
    is_positive = case.meta is not None and case.meta.generation.mode.is_positive
    return not (is_positive and isinstance(case.body, (int, float, str)))
