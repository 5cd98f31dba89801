/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/when.h - points in time as people write them. Units: microseconds since
 * 1970-01-01 UTC.
 */
#ifndef NV_CLI_WHEN_H
#define NV_CLI_WHEN_H

#include "base/macros.h"

uint64_t when_now(void);

/**
 * when_parse() - "90s", "10m", "3h", "2d" before @now; "2026-01-31" and
 * "2026-01-31 10:00[:30]" in local time; "@1790000000"
 * Return: 0 or -EINVAL.
 */
int when_parse(const char *text, uint64_t now, uint64_t *ret);

#endif
