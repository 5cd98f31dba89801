/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/dom_mem.h - domains in memory, for tests (port/dom.h).
 */
#ifndef NV_ADAPTER_DOM_MEM_H
#define NV_ADAPTER_DOM_MEM_H

#include "port/dom.h"

int dom_mem_new(struct dom **ret);

/** dom_mem_put() - this domain is there now, or is like this now */
void dom_mem_put(struct dom *dom, const struct dom_info *d);

/** dom_mem_del() - and now it is not */
void dom_mem_del(struct dom *dom, uint32_t domid);

#endif
