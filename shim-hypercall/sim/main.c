/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * main.c - nvdimm-sim: a host whose hypervisor has nvdimm_op.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "adapter/topo_repaired.h"
#include "cli.h"
#include "codec/topo_conf.h"
#include "config.h"
#include "server.h"

struct options {
	const char *topology;
	const char *socket;
	const char *state;
	bool foreground;
	bool amd;
};

static void usage(FILE *f)
{
	fprintf(f,
		"usage: nvdimm-sim --topology FILE --socket PATH [--state DIR] [--cpu VENDOR]\n"
		"                  [--foreground]\n"
		"       nvdimm-sim --topology FILE --check\n"
		"       nvdimm-sim ctl [--socket PATH] [--json] VERB ...\n"
		"\n"
		"  --topology FILE  which persistent memory the host has\n"
		"  --socket PATH    where hypercalls and control verbs come in\n"
		"  --state DIR      keep what the DIMMs hold in DIR (default: until the end)\n"
		"  --cpu VENDOR     whose machine checks: intel (default) or amd\n"
		"  --foreground     do not go to the background when ready\n"
		"  --check          read the topology, say what is wrong, and end\n"
		"  --version\n"
		"\n"
		"'nvdimm-sim ctl --help' lists the control verbs.\n");
}

/* Return: 0 and *@ret, NUL-terminated, or -errno. */
static int file_read(const char *path, char **ret, size_t *ret_len)
{
	nv_cleanup(nv_freep) char *text = NULL;
	nv_cleanup(nv_closep) int fd = -1;
	size_t len = 0, room;
	struct stat st;
	ssize_t n;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > TOPO_CONF_MAX_BYTES)
		return -EFBIG;
	room = (size_t)st.st_size + 1;
	text = malloc(room);
	if (!text)
		return -ENOMEM;
	while (len + 1 < room) {
		n = read(fd, text + len, room - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	text[len] = 0;
	*ret = nv_steal(&text);
	*ret_len = len;
	return 0;
}

static int topology_read(const char *path, struct topo **ret)
{
	nv_cleanup(nv_freep) char *text = NULL;
	struct nv_why why;
	size_t len = 0;
	int r;

	r = file_read(path, &text, &len);
	if (r) {
		fprintf(stderr, "nvdimm-sim: cannot read the topology %s: %s\n",
			path, strerror(-r));
		return r;
	}
	r = topo_conf_parse(path, text, len, ret, &why);
	if (r)
		fprintf(stderr, "nvdimm-sim: %s\n",
			r > 0 ? why.text : strerror(-r));
	return r;
}

static int dimms_plug(const struct topo *t, const char *dir, struct pmem **ret)
{
	const struct topo_region *g = NULL;
	struct pmem *p;
	bool fresh = false;
	size_t i, b;
	int r;

	r = pmem_open(dir, &p);
	if (r) {
		fprintf(stderr, "nvdimm-sim: cannot use the state directory "
				"%s: %s\n", dir ? dir : "(none)", strerror(-r));
		return r;
	}
	for (i = 0; !r && i < t->nr_regions; i++) {
		g = &t->regions[i];
		r = pmem_add(p, g->name, g->spa, g->size, g->read_only, &fresh);
		/* New DIMMs have the description's bad blocks. */
		for (b = 0; !r && fresh && b < g->nr_bad; b++)
			r = pmem_poison(p, g->spa + g->bad[b].offset,
					g->bad[b].nr * TOPO_FRAME, true);
	}
	if (r) {
		fprintf(stderr, "nvdimm-sim: cannot make region %s: %s\n",
			g->name, strerror(-r));
		pmem_close(p);
		return r;
	}
	*ret = p;
	return 0;
}

/* Nothing is bad but this: is it still, after the repairs that stand in the file? */
static bool is_repaired(const char *topology, uint64_t spa, uint64_t len)
{
	nv_cleanup(topo_freep) struct topo *t = NULL;
	struct topo_region *region;
	struct topo_place place;
	size_t i;

	if (topology_read(topology, &t) || !topo_find_spa(t, spa, &place))
		return false;
	for (i = 0; i < t->nr_regions; i++)
		t->regions[i].nr_bad = 0;
	region = &t->regions[place.region - t->regions];
	return !topo_add_bad(region, spa - region->spa, len) &&
	       !topo_repaired_apply(topology, t) && !region->nr_bad;
}

/*
 * The parent leaves when the child says that it is ready, so that who starts
 * the simulator need not wait and try.
 */
static int go_to_background(int *ret_ready)
{
	int pair[2];
	char c;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid) {
		close(pair[1]);
		_exit(read(pair[0], &c, 1) == 1 ? 0 : 1);
	}
	close(pair[0]);
	setsid();
	*ret_ready = pair[1];
	return 0;
}

static void say_ready(const struct options *o, int *ready)
{
	int null;

	printf("ready: simulated host at %s\n", o->socket);
	fflush(stdout);
	sd_notifyf(0, "READY=1\nSTATUS=Serving %s", o->socket);
	if (*ready < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		close(null);
	}
	if (write(*ready, "1", 1) != 1)
		_exit(1);
	nv_closep(ready);
}

/* Two files for each region, and one for each client. */
static void raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l))
		return;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

static int serve(const struct options *o, struct pmem *pmem)
{
	nv_cleanup(nv_freep) struct server *s = malloc(sizeof(*s));
	nv_cleanup(nv_closep) int ready = -1;
	int fd, r;

	if (!s)
		return -ENOMEM;
	fd = server_listen(o->socket);
	if (fd < 0) {
		fprintf(stderr, "nvdimm-sim: cannot listen at %s: %s\n",
			o->socket, strerror(-fd));
		return fd;
	}
	r = o->foreground ? 0 : go_to_background(&ready);
	if (r) {
		close(fd);
		return r;
	}
	r = server_init(s, fd, pmem);
	if (!r) {
		s->host.ops.amd = o->amd;
		s->host.repaired = is_repaired;
		s->host.topology = o->topology;
		say_ready(o, &ready);
		r = server_run(s);
	}
	if (r)
		fprintf(stderr, "nvdimm-sim: %s\n", strerror(-r));
	sd_notify(0, "STOPPING=1");
	server_deinit(s);
	unlink(o->socket);
	return r;
}

/* Return: 0 go on, 1 done, 2 wrong usage. */
static int options_read(int argc, char **argv, struct options *o, bool *check)
{
	static const struct option longs[] = {
		{ "topology", required_argument, NULL, 't' },
		{ "socket", required_argument, NULL, 's' },
		{ "state", required_argument, NULL, 'd' },
		{ "cpu", required_argument, NULL, 'p' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 't':
			o->topology = optarg;
			break;
		case 's':
			o->socket = optarg;
			break;
		case 'd':
			o->state = optarg;
			break;
		case 'p':
			o->amd = !strcmp(optarg, "amd");
			if (!o->amd && strcmp(optarg, "intel")) {
				usage(stderr);
				return 2;
			}
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'c':
			*check = true;
			break;
		case 'h':
			usage(stdout);
			return 1;
		case 'v':
			printf("nvdimm-sim %s\n", PACKAGE_VERSION);
			return 1;
		default:
			return 2;
		}
	}
	if (optind == argc && o->topology && (o->socket || *check))
		return 0;
	usage(stderr);
	return 2;
}

int main(int argc, char **argv)
{
	nv_cleanup(topo_freep) struct topo *topo = NULL;
	struct options o = { 0 };
	struct pmem *pmem = NULL;
	bool check = false;
	int r;

	if (argc > 1 && !strcmp(argv[1], "ctl"))
		return cli_run(argc - 2, argv + 2);
	r = options_read(argc, argv, &o, &check);
	if (r)
		return r == 1 ? 0 : r;
	if (topology_read(o.topology, &topo))
		return 1;
	if (check)
		return 0;
	raise_limit();
	if (dimms_plug(topo, o.state, &pmem))
		return 1;
	topo = topo_free(topo);
	r = serve(&o, pmem);
	pmem_close(pmem);
	return r ? 1 : 0;
}
