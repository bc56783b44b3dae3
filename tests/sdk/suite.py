"""Runs the Python suites. What a client warns of is a failure."""

import unittest
import warnings

import chat
import files
import responses
import sockets

if __name__ == "__main__":
    warnings.simplefilter("error")
    loader = unittest.defaultTestLoader
    suite = unittest.TestSuite(map(loader.loadTestsFromModule, (chat, files, responses, sockets)))
    result = unittest.TextTestRunner(verbosity=2, warnings="error").run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"python: {result.testsRun - failed} passed, {failed} failed")
    raise SystemExit(0 if result.wasSuccessful() and result.testsRun else 1)
