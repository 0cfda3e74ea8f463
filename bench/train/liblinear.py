"""
Fits scikit-learn's LIBLINEAR to the features that the bench has described: L2-regularised squared hinge, a classifier a class.

Argument: the folder of a described set. Each line of standard input is a JSON object: dims, classes (how many there are), fit (which
of them), reading ("standardised" or "standardised, unit length"), c, dual, margins (a file for those of the test photos, or null).
For each, a line of standard output: what the fits alone took.
"""

import json
import sys
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

folder = sys.argv[1]


def features(part, dims):
    values = np.fromfile(f"{folder}/{part}.values", np.uint8).reshape(-1, dims)
    scales = np.fromfile(f"{folder}/{part}.scales", np.float32).reshape(-1, 2).astype(np.float64)
    return scales[:, :1] + scales[:, 1:] * values


def read(reading, dims):
    train, test = features("train", dims), features("test", dims)
    mean, deviation = train.mean(0), train.std(0)
    deviation[deviation == 0] = 1
    rows = [(part - mean) / deviation for part in (train, test)]
    if reading == "standardised, unit length":
        rows = [part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-12) for part in rows]
    return rows


def fit(request, train, test, labels):
    seconds = cpu = 0.0
    unconverged = 0
    margins = np.zeros((len(test), len(request["fit"])), np.float32)
    for place, index in enumerate(request["fit"]):
        known = labels[:, index] != 0
        x = train if known.all() else train[known]
        y = labels[known, index] > 0
        classifier = LinearSVC(C=request["c"], dual=request["dual"])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start, cpu_start = time.perf_counter(), time.process_time()
            classifier.fit(x, y)
            cpu += time.process_time() - cpu_start
            seconds += time.perf_counter() - start
        unconverged += any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
        margins[:, place] = classifier.decision_function(test)
    if request["margins"] is not None:
        margins.tofile(request["margins"])
    return {"seconds": seconds, "cpuSeconds": cpu, "unconverged": unconverged}


read_as, train, test = None, None, None
for line in sys.stdin:
    request = json.loads(line)
    if read_as != request["reading"]:
        read_as, train, test = request["reading"], None, None
        train, test = read(read_as, request["dims"])
    labels = np.fromfile(f"{folder}/train.labels", np.int8).reshape(-1, request["classes"])
    print(json.dumps(fit(request, train, test, labels)), flush=True)
