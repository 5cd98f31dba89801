/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/server.c - accepting connections and knowing whose they are.
 */
#include "config.h"

#include "svc/server.h"

#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>

/* Connections accepted, or turned away, in one turn of the loop. */
#define ACCEPT_BATCH 16
/* No descriptors left: try again after. */
#define ACCEPT_PAUSE_US 100000
#define GROUPS_MAX	1024

const struct server_conf server_defaults = {
	.fd = -1,
	.clients = 256,
	.per_user = 32,
	.unprivileged = 192,
	.request = 16 << 10,
	.limits = {
		.message = 256 << 10,
		.output = 16 << 20,
		.message_us = 10 * 1000000ull,
		.output_us = 30 * 1000000ull,
		.idle_us = 600 * 1000000ull,
	},
};

struct server {
	struct server_conf conf;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool own_path;
	bool has_group;
	gid_t group;
	char group_name[64];
	int fd;
	sd_event *event;
	sd_event_source *io, *pause;
	server_call *call;
	void *userdata;
	struct client **clients; /* conf.clients places, n of them taken */
	unsigned int n;
	uint64_t told_us; /* when a dropped client was last logged */
	unsigned int untold;
};

/* ---- who is it ---- */

static bool in_group(int fd, gid_t gid, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);
	size_t i;

	if (gid == group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == group)
			return true;
	return false;
}

static int get_peer(const struct server *s, int fd, struct client_peer *ret)
{
	struct ucred u;
	socklen_t len = sizeof(u);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &len))
		return -errno;
	ret->uid = u.uid;
	ret->pid = u.pid;
	ret->write = u.uid == 0 || u.uid == geteuid();
	ret->read = ret->write ||
		    (s->has_group && in_group(fd, u.gid, s->group));
	return 0;
}

/* NULL if there is a place for @peer, else the sentence. */
static const char *no_place(const struct server *s,
			    const struct client_peer *peer)
{
	unsigned int same = 0, others = 0, i;
	const struct client_peer *p;

	if (s->n >= s->conf.clients)
		return "as many clients are connected as there may be";
	if (peer->write)
		return NULL;
	for (i = 0; i < s->n; i++) {
		p = client_peer(s->clients[i]);
		others += !p->write;
		same += p->uid == peer->uid;
	}
	if (same >= s->conf.per_user)
		return "as many connections of this user are open as there may be";
	if (others >= s->conf.unprivileged)
		return "as many unprivileged clients are connected as there may be";
	return NULL;
}

/* ---- clients ---- */

/* At most one line a second, so that a hostile client cannot fill the log. */
static void tell_dropped(struct server *s, const struct client_peer *p,
			 const char *reason)
{
	uint64_t now = 0;

	(void)sd_event_now(s->event, CLOCK_MONOTONIC, &now);
	if (s->told_us && now < s->told_us + 1000000) {
		s->untold++;
		return;
	}
	(void)sd_journal_send(
		"MESSAGE=Dropped a client (process %d, user %u): %s; %u more since the last such line",
		(int)p->pid, (unsigned int)p->uid, reason, s->untold,
		"PRIORITY=%d", 5, NULL);
	s->told_us = now;
	s->untold = 0;
}

static void on_gone(void *userdata, struct client *c, const char *reason)
{
	struct server *s = userdata;
	unsigned int i;

	if (strcmp(reason, "it closed the connection"))
		tell_dropped(s, client_peer(c), reason);
	for (i = 0; i < s->n; i++) {
		if (s->clients[i] == c) {
			s->clients[i] = s->clients[--s->n];
			break;
		}
	}
	client_free(c);
}

static void on_call(void *userdata, struct client *c,
		    const struct varlink_call *call)
{
	struct server *s = userdata;

	s->call(s->userdata, c, call);
}

/* Tell somebody who cannot stay, without waiting, and hang up. */
static void turn_away(struct server *s, int fd, const struct client_peer *peer,
		      int r, const struct nv_why *why)
{
	nv_cleanup(nv_freep) char *text = NULL;
	size_t size = 0;

	if (!varlink_refusal_print(r, why, &text, &size))
		(void)!send(fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	tell_dropped(s, peer, why->text);
}

/* Whoever may not read takes no place from those who may. */
static int admit(const struct server *s, const struct client_peer *peer,
		 struct nv_why *why)
{
	const char *sentence;

	if (!peer->read)
		return nv_refuse(why, NV_E_PERMISSION,
				 "user %u may not read: that is for root%s%s",
				 (unsigned int)peer->uid,
				 s->has_group ? " and the group " : "",
				 s->group_name);
	sentence = no_place(s, peer);
	return sentence ? nv_refuse(why, NV_E_LIMIT, "%s", sentence) : 0;
}

static int take(struct server *s, int fd)
{
	const struct client_handler handler = { on_call, on_gone, s };
	struct client_limits limits = s->conf.limits;
	nv_cleanup(nv_closep) int owned = fd;
	struct client_peer peer;
	struct nv_why why;
	int r;

	r = get_peer(s, fd, &peer);
	if (r)
		return r;
	r = admit(s, &peer, &why);
	if (r) {
		turn_away(s, fd, &peer, r, &why);
		return 0;
	}
	if (!peer.write)
		limits.message = NV_MIN(limits.message, s->conf.request);
	owned = -1;
	r = client_new(s->event, fd, &peer, &limits, &handler,
		       &s->clients[s->n]);
	if (!r)
		s->n++;
	return r;
}

/* ---- the listening socket ---- */

static int on_pause(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct server *s = userdata;

	return sd_event_source_set_enabled(s->io, SD_EVENT_ON);
}

static void pause_accepting(struct server *s)
{
	if (sd_event_source_set_time_relative(s->pause, ACCEPT_PAUSE_US) >= 0 &&
	    sd_event_source_set_enabled(s->pause, SD_EVENT_ONESHOT) >= 0)
		(void)sd_event_source_set_enabled(s->io, SD_EVENT_OFF);
}

static int on_connect(sd_event_source *source, int fd, uint32_t events,
		      void *userdata)
{
	struct server *s = userdata;
	int conn, i;

	for (i = 0; i < ACCEPT_BATCH; i++) {
		conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (conn < 0) {
			/* whoever gave up before we came is no reason to pause */
			if (errno != EAGAIN && errno != EINTR &&
			    errno != ECONNABORTED)
				pause_accepting(s);
			return 0;
		}
		if (take(s, conn)) {
			pause_accepting(s);
			return 0;
		}
	}
	return 0;
}

static int could_not(struct nv_why *why, const char *what, const char *path)
{
	int r = -errno;

	return nv_refuse(why, r, "cannot %s the control socket %s: %s", what,
			 path, strerror(-r));
}

/* A socket file that nobody listens on any more is in the way: remove it. */
static int remove_stale(const struct sockaddr_un *a, struct nv_why *why)
{
	nv_cleanup(nv_closep) int fd = -1;
	struct stat st;

	if (lstat(a->sun_path, &st))
		return errno == ENOENT ? 0 :
					 could_not(why, "look at", a->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return nv_refuse(why, -EEXIST,
				 "cannot make the control socket: %s is there and is no socket",
				 a->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return could_not(why, "make", a->sun_path);
	if (!connect(fd, (const struct sockaddr *)a, sizeof(*a)) ||
	    errno == EAGAIN)
		return nv_refuse(why, NV_E_BUSY,
				 "another nvdimmd listens on %s", a->sun_path);
	if (unlink(a->sun_path) && errno != ENOENT)
		return could_not(why, "remove", a->sun_path);
	return 0;
}

static int listen_at(struct server *s, const char *path, struct nv_why *why)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int r;

	if (strlen(path) >= sizeof(a.sun_path))
		return nv_refuse(why, -ENAMETOOLONG,
				 "the path of the control socket is longer than %zu bytes: %s",
				 sizeof(a.sun_path) - 1, path);
	strcpy(a.sun_path, path);
	r = remove_stale(&a, why);
	if (r)
		return r;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || bind(s->fd, (const struct sockaddr *)&a, sizeof(a)))
		return could_not(why, "make", path);
	strcpy(s->path, path);
	s->own_path = true;
	/* nobody can connect before listen(), so this is in time */
	if ((s->has_group && chown(path, (uid_t)-1, s->group)) ||
	    chmod(path, s->has_group ? 0660 : 0600))
		return could_not(why, "set who may use", path);
	if (listen(s->fd, SOMAXCONN))
		return could_not(why, "listen on", path);
	return 0;
}

static int find_group(struct server *s, struct nv_why *why)
{
	const struct group *g;

	if (!s->conf.group || !s->conf.group[0])
		return 0;
	errno = 0;
	g = getgrnam(s->conf.group);
	if (!g)
		return nv_refuse(why, NV_E_BAD_CONFIG,
				 "there is no group '%s'", s->conf.group);
	snprintf(s->group_name, sizeof(s->group_name), "%s", g->gr_name);
	s->group = g->gr_gid;
	s->has_group = true;
	return 0;
}

static int attach(struct server *s)
{
	int r = fcntl(s->fd, F_GETFL);

	/* systemd's may block */
	if (r < 0 || fcntl(s->fd, F_SETFL, r | O_NONBLOCK))
		return -errno;
	r = sd_event_add_io(s->event, &s->io, s->fd, EPOLLIN, on_connect, s);
	if (r >= 0)
		r = sd_event_add_time_relative(s->event, &s->pause,
					       CLOCK_MONOTONIC, 0, 0, on_pause,
					       s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->pause, SD_EVENT_OFF);
	return r < 0 ? r : 0;
}

struct server *server_free(struct server *s)
{
	if (!s)
		return NULL;
	while (s->n)
		client_free(s->clients[--s->n]);
	free(s->clients);
	sd_event_source_disable_unref(s->io);
	sd_event_source_disable_unref(s->pause);
	nv_closep(&s->fd);
	if (s->own_path)
		unlink(s->path);
	sd_event_unref(s->event);
	free(s);
	return NULL;
}

void server_freep(struct server **s)
{
	*s = server_free(*s);
}

int server_new(struct sd_event *event, const struct server_conf *conf,
	       server_call *call, void *userdata, struct nv_why *why,
	       struct server **ret)
{
	nv_cleanup(server_freep) struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->conf = *conf;
	s->fd = conf->fd;
	s->event = sd_event_ref(event);
	s->call = call;
	s->userdata = userdata;
	s->clients = calloc(conf->clients, sizeof(struct client *));
	if (!s->clients)
		return -ENOMEM;
	r = find_group(s, why);
	if (!r && s->fd < 0)
		r = listen_at(s, conf->path, why);
	if (!r)
		r = attach(s);
	if (r)
		return r;
	*ret = nv_steal(&s);
	return 0;
}

void server_wake(struct server *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		client_wake(s->clients[i]);
}

unsigned int server_clients(const struct server *s)
{
	return s->n;
}
