"""What the peers in Python share: timing, and the conversation with the benchmark.

Each line of stdin is a JSON object, and each is answered with one line. `{"seconds": S}` is answered with the rate of
what was opened last; anything else opens something.
"""
import json
import statistics
import sys
import time

SLICES = 5


def rate(work, seconds):
    """Timed like our own code: one slice to warm up, then the median of five."""
    rates = []
    for _ in range(SLICES + 1):
        units, start, elapsed = 0, time.perf_counter(), 0.0
        while elapsed < seconds / SLICES:
            units += work()
            elapsed = time.perf_counter() - start
        rates.append(units / elapsed)
    return statistics.median(rates[1:])


def answer_requests(open_work):
    """`open_work(request)` returns what to time, a function that does some work and returns how much, and a reply."""
    work = None
    for line in sys.stdin:
        request = json.loads(line)
        if "seconds" in request:
            reply = {"rate": rate(work, request["seconds"])}
        else:
            work, reply = open_work(request)
        print(json.dumps(reply), flush=True)
