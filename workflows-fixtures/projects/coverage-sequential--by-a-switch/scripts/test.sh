#!/bin/bash
set -e
if [ "$WITH_COVERAGE" = true ]; then
  coverage run -m behave features
  coverage report
else
  behavex --parallel-processes 8 features
fi
