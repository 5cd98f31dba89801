/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_thread.h - the port over another one whose calls may block.
 *
 * The kernel may take a minute to enable a namespace. take(), release() and
 * clear() run in a thread and answer TOPO_MORE until they are done; a fault is
 * handled meanwhile. One of them at a time, and the port below is never called
 * by two threads at once: while one runs, load() is -EAGAIN.
 */
#ifndef NV_ADAPTER_TOPO_THREAD_H
#define NV_ADAPTER_TOPO_THREAD_H

#include "port/topo.h"

/**
 * topo_thread_new() - take over @real, which is freed with it
 * Return: 0; -ENOMEM, @real is then still the caller's.
 */
int topo_thread_new(struct topo_port *real, struct topo_port **ret);

#endif
