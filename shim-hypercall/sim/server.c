/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * server.c - accept, read a packet, answer it; and let the host work.
 */
#define _GNU_SOURCE
#include "server.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "wire.h"

struct client {
	struct server *server;
	struct client *next, **link;
	int fd;
	sd_event_source *io;
	sd_event_source *stall; /* while an answer waits to be read */
	bool listening;
	uint32_t listen;
	struct wire_answer answer;
	size_t off; /* of its payload, sent */
	bool sending;
};

static struct client *client_free(struct client *c)
{
	if (!c)
		return NULL;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->server->nr_clients--;
	sd_event_source_set_enabled(c->server->accept, SD_EVENT_ON);
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->stall);
	free(c->answer.payload);
	close(c->fd);
	free(c);
	return NULL;
}

static int on_stall(sd_event_source *src, uint64_t usec, void *userdata)
{
	client_free(userdata);
	return 0;
}

/* Return: 0 all of it is sent, 1 the client must read first, -errno. */
static int client_send(struct client *c)
{
	struct simsock_head h;
	struct iovec v[2];
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	size_t n;

	do {
		n = wire_part(&c->answer, c->off, &h);
		v[0] = (struct iovec){ &h, sizeof(h) };
		v[1] = (struct iovec){ n ? c->answer.payload + c->off : NULL, n };
		if (sendmsg(c->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return errno == EAGAIN ? 1 : -errno;
		c->off += n;
	} while (h.cmd & SIMSOCK_MORE);
	return 0;
}

/* While an answer waits no request is read, so nothing can pile up. */
static int client_flush(struct client *c)
{
	int r = client_send(c);

	if (r < 0)
		return r;
	if (!r) {
		free(c->answer.payload);
		c->answer.payload = NULL;
		c->sending = false;
		c->stall = sd_event_source_disable_unref(c->stall);
		return sd_event_source_set_io_events(c->io, EPOLLIN);
	}
	if (c->sending)
		return 0;
	c->sending = true;
	r = sd_event_source_set_io_events(c->io, EPOLLOUT);
	if (r < 0)
		return r;
	return sd_event_add_time_relative(c->server->event, &c->stall,
					  CLOCK_MONOTONIC, SERVER_STALL_USEC, 0,
					  on_stall, c);
}

static int host_reboot(struct server *s);

/* Return: 0, or -errno: the client is to be dropped. */
static int client_request(struct client *c)
{
	struct server *s = c->server;
	ssize_t n;
	int r;

	n = recv(c->fd, s->packet, sizeof(s->packet), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!n || (size_t)n >= sizeof(s->packet))
		return -EPIPE;
	/* Who listens has nothing more to say. */
	if (c->listening)
		return -EPROTO;

	wire_request(&s->ctl, s->packet, (size_t)n, &c->answer);
	c->off = 0;
	if (c->answer.what == WIRE_SILENCE)
		return 0;
	if (c->answer.what == WIRE_CLOSE)
		return -EPROTO;
	if (c->answer.what == WIRE_LISTEN) {
		c->listening = true;
		c->listen = c->answer.listen;
	}
	r = client_flush(c);
	if (s->ctl.stop)
		sd_event_exit(s->event, 0);
	if (s->ctl.reboot)
		return host_reboot(s);
	return r;
}

static int on_client(sd_event_source *src, int fd, uint32_t events,
		     void *userdata)
{
	struct client *c = userdata;
	struct server *s = c->server;
	int r = 0;

	if (events & EPOLLOUT)
		r = client_flush(c);
	else if (events & EPOLLIN)
		r = client_request(c);
	else
		r = -EPIPE;
	if (s->ctl.reboot) {
		/* All clients are gone already, this one too. */
		s->ctl.reboot = false;
		return r;
	}
	if (r < 0)
		client_free(c);
	return 0;
}

static int on_accept(sd_event_source *src, int fd, uint32_t events,
		     void *userdata)
{
	struct server *s = userdata;
	struct client *c;
	int cfd;

	cfd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (cfd < 0) {
		/* Out of descriptors: not again before a client has left. */
		if (s->nr_clients && (errno == EMFILE || errno == ENFILE))
			sd_event_source_set_enabled(src, SD_EVENT_OFF);
		return 0;
	}
	c = s->nr_clients < SERVER_CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(cfd);
		return 0;
	}
	c->server = s;
	c->fd = cfd;
	c->next = s->clients;
	c->link = &s->clients;
	if (c->next)
		c->next->link = &c->next;
	s->clients = c;
	s->nr_clients++;
	if (sd_event_add_io(s->event, &c->io, cfd, EPOLLIN, on_client, c) < 0)
		client_free(c);
	return 0;
}

/* A client that reads no notes has its socket full of them: that will do. */
static void notify(struct server *s, uint32_t what)
{
	struct simsock_head h = { .kind = SIMSOCK_NOTE, .cmd = what };
	struct client *c;

	for (c = s->clients; c; c = c->next)
		if (c->listening && c->listen == what && !c->sending)
			send(c->fd, &h, sizeof(h), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void outside_virq(void *ctx)
{
	notify(ctx, SIMSOCK_LISTEN_VIRQ);
}

static void outside_work(void *ctx)
{
	struct server *s = ctx;

	sd_event_source_set_enabled(s->work, SD_EVENT_ON);
}

static void outside_domains(void *ctx)
{
	struct server *s = ctx;

	s->notify_domains = true;
	outside_work(s);
}

static void outside_timer(void *ctx, uint64_t in_ns)
{
	struct server *s = ctx;

	if (in_ns == UINT64_MAX) {
		sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time_relative(s->timer, in_ns / 1000 + 1);
	sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
}

static const struct host_outside outside = {
	.virq = outside_virq,
	.domains = outside_domains,
	.work = outside_work,
	.timer = outside_timer,
};

static int on_work(sd_event_source *src, void *userdata)
{
	struct server *s = userdata;
	bool more = host_work(&s->host);

	if (s->notify_domains) {
		s->notify_domains = false;
		notify(s, SIMSOCK_LISTEN_DOMAINS);
	}
	return sd_event_source_set_enabled(src, more || s->notify_domains ?
							SD_EVENT_ON :
							SD_EVENT_OFF);
}

static int on_timer(sd_event_source *src, uint64_t usec, void *userdata)
{
	struct server *s = userdata;

	host_timer(&s->host);
	return 0;
}

static int host_reboot(struct server *s)
{
	while (s->clients)
		client_free(s->clients);
	outside_timer(s, UINT64_MAX);
	host_deinit(&s->host);
	return host_init(&s->host, s->pmem, &outside, s);
}

static int event_init(struct server *s, int fd)
{
	sigset_t mask;
	int r;

	r = sd_event_new(&s->event);
	if (r < 0) {
		close(fd);
		return r;
	}
	r = sd_event_add_io(s->event, &s->accept, fd, EPOLLIN, on_accept, s);
	if (r < 0) {
		close(fd);
		return r;
	}
	sd_event_source_set_io_fd_own(s->accept, true);
	r = sd_event_add_defer(s->event, &s->work, on_work, s);
	if (r < 0)
		return r;
	r = sd_event_add_time(s->event, &s->timer, CLOCK_BOOTTIME, 0, 0,
			      on_timer, s);
	if (r < 0)
		return r;
	sd_event_source_set_enabled(s->timer, SD_EVENT_OFF);

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	r = sd_event_add_signal(s->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(s->event, NULL, SIGINT, NULL, NULL);
	return r < 0 ? r : 0;
}

int server_init(struct server *s, int fd, struct pmem *pmem)
{
	int r;

	*s = (struct server){ .pmem = pmem };
	s->ctl.host = &s->host;
	r = event_init(s, fd);
	if (r < 0)
		return r;
	return host_init(&s->host, pmem, &outside, s);
}

void server_deinit(struct server *s)
{
	while (s->clients)
		client_free(s->clients);
	host_deinit(&s->host);
	sd_event_source_disable_unref(s->accept);
	sd_event_source_disable_unref(s->work);
	sd_event_source_disable_unref(s->timer);
	sd_event_unref(s->event);
}

int server_run(struct server *s)
{
	return sd_event_loop(s->event);
}

int server_listen(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	nv_cleanup(nv_closep) int fd = -1;
	struct simsock probe;
	int r;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;

	r = simsock_connect(path, 1000, &probe);
	if (!r)
		simsock_close(&probe);
	if (!r || r == -ETIMEDOUT)
		return -EADDRINUSE;
	if (r == -ECONNREFUSED && unlink(path) < 0)
		return -errno;

	/* Before anyone can connect: the mode is taken from the descriptor. */
	if (fchmod(fd, 0600) < 0 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 128) < 0)
		return -errno;
	r = fd;
	fd = -1;
	return r;
}
