"""Calls the handlers of the Python templates as a runtime would.

Arguments: the folder of index.py. Standard input: a JSON list of events, each a
string. Output: a JSON list of what the handler gave, or of {"raised": type}.
"""
import json
import sys


class Context:
    request_id = "r-1"


sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import index  # noqa: E402

answers = []
for event in json.load(sys.stdin):
    try:
        answers.append(index.handler(event.encode("utf-8"), Context()))
    except Exception as err:
        answers.append({"raised": type(err).__name__})
print(json.dumps(answers))
