/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/clock_sys.h - the system's clocks and random numbers.
 */
#ifndef NV_ADAPTER_CLOCK_SYS_H
#define NV_ADAPTER_CLOCK_SYS_H

#include "port/clock.h"

/** clock_sys_init() - nothing to free */
void clock_sys_init(struct clock *ret);

#endif
