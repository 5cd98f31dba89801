/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simsock.c - the client's end of nvdimm-sim's socket, with time-outs.
 */
#include "simsock.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

#include "base/macros.h"

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int simsock_connect(const char *path, unsigned int timeout_ms,
		    struct simsock *ret)
{
	nv_cleanup(nv_closep) int fd = -1;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval tv = {
		.tv_sec = timeout_ms / 1000,
		.tv_usec = (timeout_ms % 1000) * 1000L,
	};

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path) + 1);

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* On AF_UNIX this bounds connect() too, when the backlog is full. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;

	*ret = (struct simsock){ .fd = fd, .timeout_ms = timeout_ms };
	fd = -1;
	return 0;
}

void simsock_close(struct simsock *s)
{
	nv_closep(&s->fd);
}

static int simsock_wait(struct simsock *s, short what, int64_t until)
{
	struct pollfd p = { .fd = s->fd, .events = what };
	int64_t left;
	int n;

	for (;;) {
		left = until - now_ms();
		if (left < 0)
			left = 0;
		n = poll(&p, 1, (int)NV_MIN(left, (int64_t)INT_MAX));
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int simsock_send(struct simsock *s, const struct simsock_head *h,
			const void *payload, int64_t until)
{
	struct iovec v[2] = {
		{ .iov_base = (void *)h, .iov_len = sizeof(*h) },
		{ .iov_base = (void *)payload, .iov_len = h->len },
	};
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	int r;

	while (sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EPIPE)
			return -ECONNRESET;
		if (errno != EAGAIN)
			return -errno;
		r = simsock_wait(s, POLLOUT, until);
		if (r)
			return r;
	}
	return 0;
}

/*
 * Copies to the caller's buffer only once the packet is known to be whole and
 * ours: a late answer to a call that timed out must not look like this one's.
 */
static int simsock_recv(struct simsock *s, void *buf, uint32_t size,
			int64_t until, struct simsock_head *ret)
{
	nv_cleanup(nv_freep) char *p = NULL;
	struct simsock_head h = { 0 };
	size_t room = size ? size : 1;
	struct iovec v[2] = { { .iov_base = &h, .iov_len = sizeof(h) } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	ssize_t n;
	int r;

	p = malloc(room);
	if (!p)
		return -ENOMEM;
	v[1] = (struct iovec){ .iov_base = p, .iov_len = room };

	for (;;) {
		r = simsock_wait(s, POLLIN, until);
		if (r)
			return r;
		m.msg_flags = 0;
		n = recvmsg(s->fd, &m, MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ECONNRESET;
		if ((size_t)n < sizeof(h))
			return -EPROTO;
		if (h.seq == s->seq)
			break;
	}
	if ((m.msg_flags & MSG_TRUNC) || h.len > size ||
	    (size_t)n - sizeof(h) != h.len)
		return -EPROTO;
	if (h.len)
		memcpy(buf, p, h.len);
	*ret = h;
	return 0;
}

int simsock_call(struct simsock *s, uint32_t kind, uint32_t cmd,
		 const void *payload, uint32_t len, void *buf, uint32_t size,
		 struct simsock_head *ret)
{
	int64_t until = now_ms() + s->timeout_ms;
	struct simsock_head h = { .kind = kind, .cmd = cmd, .len = len };
	int r;

	if (s->fd < 0)
		return -ENOTCONN;
	if (len > SIMSOCK_MAX_PACKET)
		return -EMSGSIZE;
	h.seq = ++s->seq;
	r = simsock_send(s, &h, payload, until);
	if (!r)
		r = simsock_recv(s, buf, size, until, ret);
	/* Nothing more can come of a connection that broke. */
	if (r && r != -ETIMEDOUT)
		simsock_close(s);
	return r;
}

int simsock_more(struct simsock *s, void *buf, uint32_t size,
		 struct simsock_head *ret)
{
	int r;

	if (s->fd < 0)
		return -ENOTCONN;
	r = simsock_recv(s, buf, size, now_ms() + s->timeout_ms, ret);
	if (r && r != -ETIMEDOUT)
		simsock_close(s);
	return r;
}

int simsock_listen(struct simsock *s, uint32_t what)
{
	struct simsock_head h;
	int flags, r;

	r = simsock_call(s, SIMSOCK_LISTEN, what, NULL, 0, NULL, 0, &h);
	if (r)
		return r;
	if (h.result)
		return (int)h.result;
	flags = fcntl(s->fd, F_GETFL);
	if (flags < 0 || fcntl(s->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int simsock_drain(struct simsock *s)
{
	char buf[sizeof(struct simsock_head)];
	int nr = 0;
	ssize_t n;

	/* A simulator that never stops must not keep us here. */
	while (nr < 1024) {
		n = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n == 0)
			return -ENOTCONN;
		if (n > 0) {
			nr++;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN)
			break;
		return errno == ECONNRESET ? -ENOTCONN : -errno;
	}
	return nr;
}
