#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each row of tests/hazards.tsv names a test that exists and a defence that can be taken out.
exec "${srcdir:-.}/tools/check-hazards" --format
