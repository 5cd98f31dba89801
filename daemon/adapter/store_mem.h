/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/store_mem.h - the book in memory, for tests (port/store.h).
 *
 * It forgets everything with its process; backup and restore are -ENOTSUP.
 */
#ifndef NV_ADAPTER_STORE_MEM_H
#define NV_ADAPTER_STORE_MEM_H

#include "port/store.h"

/** store_mem_new() - an empty one. Return: 0 or -ENOMEM. */
int store_mem_new(struct store **ret) nv_must_check;

#endif
