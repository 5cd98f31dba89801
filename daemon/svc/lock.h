/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/lock.h - one daemon for a state directory.
 */
#ifndef NV_SVC_LOCK_H
#define NV_SVC_LOCK_H

#include "base/refuse.h"

/**
 * lock_take() - make the directory @dir if needed and lock it for this process
 * Return: 0 and *@ret_fd, which holds the lock while it is open; NV_E_BUSY,
 * another has it; -errno.
 */
int lock_take(const char *dir, struct nv_why *why, int *ret_fd);

#endif
