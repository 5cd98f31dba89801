/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wire.h - from one packet's bytes to what is to be answered. No sockets.
 */
#ifndef NVSIM_WIRE_H
#define NVSIM_WIRE_H

#include "ctl.h"
#include "shim-hypercall/lib/simsock.h"

enum wire_do {
	WIRE_ANSWER,	/* send it */
	WIRE_LISTEN,	/* send it, then only notes about answer.listen */
	WIRE_CLOSE,	/* no answer: close */
	WIRE_SILENCE,	/* no answer: stay */
};

struct wire_answer {
	enum wire_do what;
	struct simsock_head head; /* kind, seq, result; len is set when sending */
	uint32_t listen;
	char *payload; /* owned by the caller */
	size_t len;
};

/**
 * wire_request() - carry out one packet
 * @packet: 8-byte aligned, @len bytes, is overwritten. Anything may be in it.
 * What is no request at all is answered with WIRE_CLOSE.
 */
void wire_request(struct ctl *ctl, void *packet, size_t len,
		  struct wire_answer *ret);

/**
 * wire_part() - the packet to be sent next, of an answer's payload from @off
 * Return: bytes of payload in it; @ret is its head.
 */
size_t wire_part(const struct wire_answer *a, size_t off,
		 struct simsock_head *ret);

#endif
