/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simsock.h - the wire between nvdimm-sim and its clients.
 *
 * A SOCK_SEQPACKET socket on which one packet is one message, so that neither
 * side can be left inside half of one. A client sends a request and reads its
 * answer; the sequence number is the client's and comes back unchanged, so an
 * answer that arrives after its time-out is known as such and dropped.
 *
 * Kinds of request:
 *   OP     nvdimm_op: @cmd, and the argument's bytes as payload. The answer
 *          carries the hypervisor's result and the argument as it left it.
 *   CTL    a JSON object in UTF-8; so is the answer, in as many packets as it
 *          needs, all but the last with SIMSOCK_MORE in their flags. The
 *          result is 0, -errno (then the answer is {"error": sentence}).
 *   LISTEN from now on this connection gets an empty NOTE packet whenever what
 *          @cmd names (SIMSOCK_LISTEN_*) happens. Notes that the client has
 *          not read are not repeated. The connection is good for nothing else.
 *
 * Both sides run on one machine: numbers are in its byte order.
 */
#ifndef SIMSOCK_H
#define SIMSOCK_H

#include <stddef.h>
#include <stdint.h>

#define SIMSOCK_OP     1
#define SIMSOCK_CTL    2
#define SIMSOCK_LISTEN 3
#define SIMSOCK_NOTE   4 /* simulator to client only */

#define SIMSOCK_LISTEN_VIRQ    0
#define SIMSOCK_LISTEN_DOMAINS 1 /* a domain came, went or changed state */

#define SIMSOCK_MORE 1

struct simsock_head {
	uint32_t kind;
	uint32_t seq;
	uint32_t cmd;  /* request: see above; answer: flags */
	uint32_t len;  /* bytes of payload */
	int64_t result; /* answers; 0 in a request */
};

/* Payload of one packet, and of a CTL request or a whole CTL answer. */
#define SIMSOCK_MAX_PACKET 65536
#define SIMSOCK_MAX_ANSWER (64u << 20)

struct simsock {
	int fd;
	uint32_t seq;
	unsigned int timeout_ms;
};

/** simsock_connect() - Return: 0; -ENAMETOOLONG or -errno. *@ret is closed with simsock_close(). */
int simsock_connect(const char *path, unsigned int timeout_ms,
		    struct simsock *ret);

void simsock_close(struct simsock *s);

/**
 * simsock_call() - one request and the first packet of its answer
 * @payload, @len: what to send, at most SIMSOCK_MAX_PACKET
 * @buf, @size: where the answer's payload goes
 * Return: 0 and *@ret; -ETIMEDOUT; -ENOTCONN, -ECONNRESET, -EPIPE (the
 * simulator is gone); -EMSGSIZE (@len too long), -EPROTO (the answer does not fit or is
 * no answer); another -errno. @buf is untouched unless 0.
 */
int simsock_call(struct simsock *s, uint32_t kind, uint32_t cmd,
		 const void *payload, uint32_t len, void *buf, uint32_t size,
		 struct simsock_head *ret);

/** simsock_more() - the next packet of the answer; otherwise as simsock_call() */
int simsock_more(struct simsock *s, void *buf, uint32_t size,
		 struct simsock_head *ret);

/**
 * simsock_listen() - turn the connection into one that is notified
 * @what: SIMSOCK_LISTEN_*
 * The descriptor does not block afterwards.
 */
int simsock_listen(struct simsock *s, uint32_t what);

/** simsock_drain() - read the notes. Return: how many (the kernel bounds it), -ENOTCONN at the end, or -errno. */
int simsock_drain(struct simsock *s);

#endif
