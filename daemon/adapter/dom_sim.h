/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/dom_sim.h - the domains of a simulated host.
 */
#ifndef NV_ADAPTER_DOM_SIM_H
#define NV_ADAPTER_DOM_SIM_H

#include "port/dom.h"

/** dom_sim_open() - @path: nvdimm-sim's socket. Return: 0 and *@ret; -errno. */
int dom_sim_open(const char *path, struct dom **ret);

#endif
