/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/names_xenstore.h - what domains are called, which only xenstore knows.
 *
 * libxenstore's calls block without a time-out, so it is used in a thread of
 * its own that keeps a table; looking a name up never waits for it.
 */
#ifndef NV_ADAPTER_NAMES_XENSTORE_H
#define NV_ADAPTER_NAMES_XENSTORE_H

#include "base/macros.h"

struct names_xenstore;

/**
 * names_xenstore_new() - start to follow xenstore
 * If xenstored is not there it is tried again every second; until then no
 * domain has a name. Return: 0 and *@ret; -errno.
 */
int names_xenstore_new(struct names_xenstore **ret);
struct names_xenstore *names_xenstore_free(struct names_xenstore *n);

/** names_xenstore_get() - "" if it is not known; a dom_xenctrl_name() */
void names_xenstore_get(void *names, uint32_t domid, char *buf, size_t len);

#endif
