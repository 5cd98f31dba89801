/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/dom_xenctrl.h - Xen's domains, through libxenctrl.
 */
#ifndef NV_ADAPTER_DOM_XENCTRL_H
#define NV_ADAPTER_DOM_XENCTRL_H

#include "port/dom.h"

/* Writes a domain's name, or "" if it is not known; must not block. */
typedef void dom_xenctrl_name(void *ctx, uint32_t domid, char *buf, size_t len);

/**
 * dom_xenctrl_open() - @name: who knows names, which the hypervisor does not; may be NULL
 * Return: 0 and *@ret; -errno.
 */
int dom_xenctrl_open(dom_xenctrl_name *name, void *ctx, struct dom **ret);

#endif
