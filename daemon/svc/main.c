/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/main.c - nvdimmd: which adapters, in which order, and how it ends.
 *
 * The only file that names a concrete adapter.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

#include "adapter/bus_xenstore.h"
#include "adapter/clock_sys.h"
#include "adapter/dom_sim.h"
#include "adapter/dom_xenctrl.h"
#include "adapter/firmware_files.h"
#include "adapter/hv_shim.h"
#include "adapter/store_sqlite.h"
#include "adapter/topo_file.h"
#include "adapter/topo_ndctl.h"
#include "adapter/topo_thread.h"
#include "codec/conf.h"
#include "config.h"
#include "ops/op_boot.h"
#include "ops/op_device.h"
#include "ops/op_fault.h"
#include "ops/op_guest.h"
#include "svc/commands.h"
#include "svc/journal.h"
#include "svc/lock.h"
#include "svc/loop.h"
#include "svc/options.h"
#include "svc/server.h"

struct daemon {
	struct options options;
	struct nvd nvd;
	struct clock clock;
	struct loop *loop;
	struct commands *commands;
	struct server *server;
	int lock_fd;
};

static void daemon_deinit(struct daemon *d)
{
	server_free(d->server);
	commands_free(d->commands);
	loop_free(d->loop);
	d->nvd.desk = fault_desk_free(d->nvd.desk);
	d->nvd.guests = guest_desk_free(d->nvd.guests);
	d->nvd.devices = device_desk_free(d->nvd.devices);
	d->nvd.ledger = ledger_free(d->nvd.ledger);
	topo_free(d->nvd.topology);
	dom_freep(&d->nvd.dom);
	bus_freep(&d->nvd.bus);
	firmware_freep(&d->nvd.firmware);
	topo_port_freep(&d->nvd.topo);
	hv_freep(&d->nvd.hv);
	store_freep(&d->nvd.store);
	nv_closep(&d->lock_fd);
}

static bool is_sim(const struct settings *s)
{
	return !strncmp(s->hypervisor, "sim:", 4);
}

static int open_store(struct daemon *d, struct nv_why *why)
{
	const struct settings *s = &d->nvd.set;
	struct store_sqlite_conf conf = { .max_events = s->max_events };
	char path[SETTINGS_PATH + 16];
	struct nv_why local = { "" };
	int r;

	snprintf(path, sizeof(path), "%s/nvdimmd.db", s->state_dir);
	r = store_sqlite_open(path, &conf, &local, &d->nvd.store);
	return r ? nv_refuse(why, r, "%s: %.240s", path, local.text[0] ? local.text : strerror(r < 0 ? -r : EIO)) : 0;
}

static int open_topology(struct daemon *d, struct nv_why *why)
{
	nv_cleanup(topo_port_freep) struct topo_port *real = NULL;
	const struct settings *s = &d->nvd.set;
	int r;

	if (!s->topology[0] && is_sim(s))
		return nv_refuse(why, NV_E_BAD_CONFIG, "a simulated host needs a topology file (--topology)");
	if (s->topology[0])
		r = topo_file_new(s->topology, why, &real);
	else
		r = topo_ndctl_new(SYSCONFDIR "/nvdimmd/taken", &real);
	if (r > 0 || (r && s->topology[0]))
		return r;
	if (!r)
		r = topo_thread_new(real, &d->nvd.topo);
	if (r)
		return nv_refuse(why, r, "the host's persistent memory cannot be read: %s", strerror(-r));
	nv_steal(&real);
	return 0;
}

static int open_bus(struct daemon *d, struct nv_why *why)
{
	const struct settings *s = &d->nvd.set;
	bool automatic = !strcmp(s->xenstore, "auto");
	int r;

	if (!strcmp(s->xenstore, "no") || (automatic && is_sim(s)))
		return 0;
	if (!automatic && s->xenstore[0] != '/')
		return nv_refuse(why, NV_E_BAD_CONFIG, "xenstore is \"%s\", it must be \"auto\", \"no\" or a path",
				 s->xenstore);
	r = bus_xenstore_new(automatic ? NULL : s->xenstore, &d->nvd.bus);
	if (!r)
		r = device_desk_new(&d->nvd.devices);
	if (!r)
		r = guest_desk_new(&d->nvd.guests);
	return r ? nv_refuse(why, r, "cannot follow xenstore: %s", strerror(-r)) : 0;
}

static int open_domains(struct daemon *d, struct nv_why *why)
{
	const struct settings *s = &d->nvd.set;
	int r;

	if (is_sim(s))
		r = dom_sim_open(s->hypervisor + 4, &d->nvd.dom);
	else
		r = dom_xenctrl_open(d->nvd.bus ? bus_xenstore_name : NULL, d->nvd.bus, &d->nvd.dom);
	return r ? nv_refuse(why, r, "the list of domains is not available: %s", strerror(-r)) : 0;
}

static int open_firmware(struct daemon *d, struct nv_why *why)
{
	char dir[SETTINGS_PATH + 16];
	int r;

	snprintf(dir, sizeof(dir), "%s/guests", d->nvd.set.state_dir);
	r = firmware_files_new(dir, &d->nvd.firmware);
	return r ? nv_refuse(why, r, "%s: %s", dir, strerror(-r)) : 0;
}

static int open_ports(struct daemon *d, struct nv_why *why)
{
	int r;

	clock_sys_init(&d->clock);
	d->nvd.clock = &d->clock;
	r = lock_take(d->nvd.set.state_dir, why, &d->lock_fd);
	if (!r)
		r = hv_shim_open(d->nvd.set.hypervisor, why, &d->nvd.hv);
	if (!r)
		r = open_store(d, why);
	if (!r)
		r = open_topology(d, why);
	if (!r)
		r = open_bus(d, why);
	if (!r)
		r = open_domains(d, why);
	if (!r)
		r = open_firmware(d, why);
	if (!r && (ledger_new(&d->nvd.ledger) || fault_desk_new(&d->nvd.set, &d->nvd.desk)))
		r = nv_refuse(why, -ENOMEM, "no memory");
	return r;
}

static int reload(void *userdata, struct nv_why *why)
{
	struct daemon *d = userdata;
	struct settings s;
	const char *key;
	uint32_t ms;
	int r;

	r = options_settings(&d->options, &s, why);
	if (r)
		return r;
	key = conf_restart_key(&d->nvd.set, &s);
	if (key)
		return nv_refuse(why, NV_E_BAD_CONFIG, "%s changed, which takes effect only at a restart", key);
	ms = s.deadline_ms;
	r = nvd_hv(&d->nvd, hv_set_deadline(d->nvd.hv, &ms), "set the deadline", why);
	if (r)
		return r;
	d->nvd.host.deadline_ms = ms;
	d->nvd.set = s;
	policy_configure(d->nvd.desk->policy, &d->nvd.set);
	nvd_seen(&d->nvd);
	return 0;
}

static int open_server(struct daemon *d, struct nv_why *why)
{
	struct server_conf conf = server_defaults;
	int r, n;

	r = commands_new(loop_event(d->loop), &d->nvd, loop_queue(d->loop), &d->commands);
	if (r)
		return nv_refuse(why, r, "cannot serve: %s", strerror(-r));
	n = sd_listen_fds(1);
	if (n > 1)
		return nv_refuse(why, NV_E_BAD_CONFIG, "systemd passed %d sockets, one is expected", n);
	conf.fd = n == 1 ? SD_LISTEN_FDS_START : -1;
	conf.path = n == 1 ? NULL : d->nvd.set.socket;
	conf.group = d->nvd.set.group;
	r = server_new(loop_event(d->loop), &conf, commands_call, d->commands, why, &d->server);
	if (!r)
		loop_set_server(d->loop, d->server);
	return r;
}

static int serve(struct daemon *d, struct nv_why *why)
{
	struct loop_hooks hooks = { .reload = reload, .userdata = d };
	int r;

	r = options_settings(&d->options, &d->nvd.set, why);
	if (!r)
		r = open_ports(d, why);
	if (r)
		return r;
	/* The socket first: clients that come meanwhile wait instead of failing. */
	r = loop_new(&d->nvd, &hooks, &d->loop);
	if (r)
		return nv_refuse(why, r, "cannot start the event loop: %s", strerror(-r));
	r = open_server(d, why);
	if (!r)
		r = op_boot(&d->nvd, why);
	if (r)
		return r;
	r = loop_run(d->loop);
	if (r == NV_E_NO_HYPERVISOR)
		return nv_refuse(why, r, "the hypervisor (%s) is gone", d->nvd.set.hypervisor);
	return r ? nv_refuse(why, r, "the event loop ended: %s", strerror(-r)) : 0;
}

static int restore(struct daemon *d, struct nv_why *why)
{
	int r;

	r = options_settings(&d->options, &d->nvd.set, why);
	if (!r)
		r = lock_take(d->nvd.set.state_dir, why, &d->lock_fd);
	if (!r)
		r = open_store(d, why);
	if (r)
		return r;
	r = store_restore(d->nvd.store, d->options.restore);
	return r ? nv_refuse(why, r, "%s", store_why(d->nvd.store)) : 0;
}

static int print_default_config(void)
{
	char *text = conf_example();

	if (!text)
		return -ENOMEM;
	fputs(text, stdout);
	free(text);
	return 0;
}

static int run(struct daemon *d, struct nv_why *why)
{
	struct settings s;
	int r;

	switch (d->options.job) {
	case JOB_HELP:
		options_help(stdout);
		return 0;
	case JOB_VERSION:
		puts(PACKAGE_STRING);
		return 0;
	case JOB_DEFAULT_CONFIG:
		return print_default_config();
	case JOB_CHECK_CONFIG:
		r = options_settings(&d->options, &s, why);
		if (!r)
			printf("%s: no errors\n", options_file(&d->options));
		return r;
	case JOB_RESTORE:
		return restore(d, why);
	case JOB_SERVE:
		break;
	}
	return serve(d, why);
}

/* By custom 2 is wrong usage; a refusal's code is the status, as nvctl's. */
static int exit_status(int r, bool usage)
{
	if (usage)
		return 2;
	return r > 0 ? r : r ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	nv_cleanup(daemon_deinit) struct daemon d = { .lock_fd = -1 };
	struct nv_why why = { "" };
	const char *hint;
	bool usage;
	int r;

	r = options_parse(argc, argv, &d.options, &why);
	usage = r;
	if (!r)
		r = run(&d, &why);
	if (r) {
		hint = usage ? NULL : nv_refusal_hint(r);
		journal_line(LOG_ERR, "%s%s%s", why.text[0] ? why.text : strerror(r < 0 ? -r : EIO), hint ? ". " : "",
			     hint ? hint : "");
		sd_notifyf(0, "STATUS=%s", why.text);
	}
	return exit_status(r, usage);
}
