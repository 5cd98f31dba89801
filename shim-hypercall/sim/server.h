/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * server.h - the simulator's socket, its clients, and the loop around the host.
 *
 * No client can hurt another: packets are bounded, answers that are not read
 * stop only their own client and end it after a while, and there is a limit
 * on clients.
 */
#ifndef NVSIM_SERVER_H
#define NVSIM_SERVER_H

#include <systemd/sd-event.h>

#include "ctl.h"
#include "shim-hypercall/lib/simsock.h"

#define SERVER_CLIENTS	  512
#define SERVER_STALL_USEC UINT64_C(30000000)

struct client;

struct server {
	sd_event *event;
	sd_event_source *accept;
	sd_event_source *work; /* runs host_work() while there is any */
	sd_event_source *timer;
	struct client *clients;
	unsigned int nr_clients;
	bool notify_domains; /* once, when this turn of the loop is over */
	struct pmem *pmem;
	struct host host;
	struct ctl ctl;
	/* One byte more than a packet may have, so that longer ones show. */
	_Alignas(8) char packet[sizeof(struct simsock_head) +
				SIMSOCK_MAX_PACKET + 1];
};

/**
 * server_init() - power the host on, and listen on @fd, a listening SOCK_SEQPACKET socket
 * @fd: belongs to the server from now on, also if it fails
 * @pmem: not owned; must live longer
 * Return: 0 or -errno. server_deinit() may be called in either case.
 */
int server_init(struct server *s, int fd, struct pmem *pmem) nv_must_check;

void server_deinit(struct server *s);

/** server_run() - until the stop verb, SIGTERM or SIGINT. Return: 0 or -errno. */
int server_run(struct server *s);

/**
 * server_listen() - a socket at @path for the owner only
 * Takes over the path of a simulator that is gone.
 * Return: the descriptor; -EADDRINUSE (one answers there), -ENAMETOOLONG, -errno.
 */
int server_listen(const char *path);

#endif
