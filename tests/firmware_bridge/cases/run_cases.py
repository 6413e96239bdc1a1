"""Runs the cases of one file on the Python that runs this, and says how each went, one line each.

    run_cases.py FILE [NAME…]

A case is a function whose name begins with `case_`. Plain asserts: MicroPython has no test framework.
"""

import io
import sys

HERE = __file__.rsplit("/", 1)[0]
BRIDGE = HERE + "/../../../firmware_bridge"
sys.path[:0] = [HERE, BRIDGE, BRIDGE + "/stubs", BRIDGE + "/firmware"]


def traceback_of(error):
    text = io.StringIO()
    if hasattr(sys, "print_exception"):
        sys.print_exception(error, text)
    else:
        import traceback

        traceback.print_exception(error, file=text)
    return text.getvalue()


def run(file, names):
    module = __import__(file.rsplit("/", 1)[-1][:-3])
    for name in names or sorted([name for name in dir(module) if name.startswith("case_")]):
        try:
            getattr(module, name)()
        except Exception as error:
            print("FAILED " + name + " " + repr(traceback_of(error)))
        else:
            print("PASSED " + name)


run(sys.argv[1], sys.argv[2:])
