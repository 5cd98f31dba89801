/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cli/verbs.c - the table of verbs: help, completion and the man page's synopses come from it.
 */
#include "cli/verbs.h"

#include <string.h>

#define OPTIONS(list) .options = (list), .n_options = NV_ARRAY_SIZE(list)

static const struct verb_option pool_add_options[] = {
	{ "name", 0, "NAME", WORD_ANY, "call the pool NAME instead of the device's name", false },
};

static const struct verb_option create_options[] = {
	{ "pool", 0, "POOL", WORD_POOL, "take the space from POOL; default: where it fits best", false },
	{ "owner", 0, "OWNER", WORD_ANY, "uuid:UUID or name:NAME of the guest that may map it; default: any guest", false },
	{ "align", 0, "SIZE", WORD_ANY, "align it to 4K, 2M or 1G; default: 2M, and 1G for large volumes", false },
	{ "at", 0, "OFFSET", WORD_ANY, "exactly at OFFSET of the pool; needs --pool", false },
	{ "keep", 0, NULL, WORD_ANY, "adopt the bytes that are there instead of zeroes; needs --at", false },
};

static const struct verb_option owner_options[] = {
	{ "none", 0, NULL, WORD_ANY, "from now on any guest may map it", true },
};

static const struct verb_option delete_options[] = {
	{ "no-scrub", 0, NULL, WORD_ANY, "do not zero the bytes: the next owner of the space can read them", false },
};

static const struct verb_option map_options[] = {
	{ "pool", 0, "POOL", WORD_POOL, "map a bare range of POOL instead of a volume", true },
	{ "offset", 0, "OFFSET", WORD_ANY, "where in the pool the range begins", true },
	{ "size", 0, "SIZE", WORD_ANY, "and how long it is", true },
	{ "gpa", 0, "ADDRESS", WORD_ANY, "guest physical address; default: nvdimmd chooses", false },
	{ "force-owner", 0, NULL, WORD_ANY, "map it although it belongs to another guest", false },
};

static const struct verb_option unmap_options[] = {
	{ "map-id", 0, "ID", WORD_ANY, "the mapping that 'nvctl --json status' lists with that id", true },
};

static const struct verb_option attach_options[] = {
	{ "gpa", 0, "ADDRESS", WORD_ANY, "guest physical address; default: where it was last, or nvdimmd chooses", false },
	{ "device", 0, "N", WORD_ANY, "its number in the guest; default: the lowest that is free", false },
};

static const struct verb_option detach_options[] = {
	{ "device", 0, "N", WORD_ANY, "by its number in the guest", true },
	{ "force", 0, NULL, WORD_ANY, "do not ask the guest; if it uses the memory then, it is killed", false },
};

static const struct verb_option guest_add_options[] = {
	{ "gpa", 0, "ADDRESS", WORD_ANY, "guest physical address; default: where it was last, or nvdimmd chooses", false },
	{ "device", 0, "N", WORD_ANY, "its number in the guest; default: the lowest that is free", false },
	{ "if-missing", 0, "WHAT", WORD_ANY, "wait: the guest does not run without it, the default; run: it does", false },
};

static const struct verb_option guest_remove_options[] = {
	{ "device", 0, "N", WORD_ANY, "by its number in the guest", true },
};

static const struct verb_option events_options[] = {
	{ "since", 0, "TIME", WORD_ANY, "10m, 3h, 2d (ago), 2026-01-31, \"2026-01-31 10:00\", @SECONDS", false },
	{ "after", 0, "ID", WORD_ANY, "events with a greater id", false },
	{ "limit", 'n', "N", WORD_ANY, "at most N events; default: 100", false },
};

static const struct verb_option why_options[] = {
	{ "size", 0, "SIZE", WORD_ANY, "how much of it; default: one page, or the whole volume", false },
};

static const struct verb_option offline_options[] = {
	{ "size", 0, "SIZE", WORD_ANY, "how much of it; default: one page", false },
};

static const struct verb_option monitor_options[] = {
	{ "after", 0, "ID", WORD_ANY, "begin with the events after that id", false },
};

static const struct verb table[] = {
	{ .name = "status",
	  .summary = "everything at a glance; what nvctl alone does too",
	  .help = "Shows the daemon, its alarms, each pool with a bar from first to last byte,\n"
		  "what is mapped where, and the domains that wait for a decision.",
	  .forms = { "" },
	  .method = WIRE_GET_STATUS,
	  .show = show_status },
	{ .name = "pool list",
	  .summary = "pools, and what could become one",
	  .forms = { "" },
	  .method = WIRE_LIST_POOLS,
	  .show = show_pools },
	{ .name = "pool add",
	  .summary = "take a namespace away from this host and give it to guests",
	  .help = "DEVICE is a namespace (namespace0.0), a region, a UUID or a path below /dev.\n"
		  "Refused, by name, while anything here uses it. Its bytes are not touched.",
	  .forms = { "DEVICE" },
	  .args = { { "DEVICE", WORD_DEVICE } },
	  .min_args = 1,
	  OPTIONS(pool_add_options),
	  .method = WIRE_ADD_POOL,
	  .ask = ask_pool_add,
	  .show = show_pool_added },
	{ .name = "pool release",
	  .summary = "give a pool back to the host's kernel",
	  .help = "Refused while the pool has volumes or mappings. Its bytes are not touched.",
	  .forms = { "POOL" },
	  .args = { { "POOL", WORD_POOL } },
	  .min_args = 1,
	  .method = WIRE_RELEASE_POOL,
	  .ask = ask_pool,
	  .show = show_done },
	{ .name = "pool repair",
	  .summary = "clear the poison in a pool's free bad pages",
	  .help = "As 'nvctl repair' does it for the pages of a volume.",
	  .forms = { "POOL" },
	  .args = { { "POOL", WORD_POOL } },
	  .min_args = 1,
	  .method = WIRE_REPAIR_POOL,
	  .ask = ask_pool,
	  .show = show_done },
	{ .name = "volume list",
	  .summary = "all volumes",
	  .forms = { "" },
	  .method = WIRE_LIST_VOLUMES,
	  .show = show_volumes,
	  .run = run_volume_list },
	{ .name = "volume show",
	  .summary = "one volume with every address of every piece",
	  .forms = { "VOLUME" },
	  .args = { { "VOLUME", WORD_VOLUME } },
	  .min_args = 1,
	  .method = WIRE_GET_VOLUME,
	  .ask = ask_volume,
	  .show = show_volume },
	{ .name = "volume create",
	  .summary = "a new volume, zeroed",
	  .help = "SIZE is a multiple of 4K, as 4G, 512MiB, 1.5G or 0x40000000.\n"
		  "--at with --keep adopts bytes that are there, as after the database was lost.",
	  .forms = { "NAME SIZE" },
	  .args = { { "NAME", WORD_ANY }, { "SIZE", WORD_ANY } },
	  .min_args = 2,
	  OPTIONS(create_options),
	  .method = WIRE_CREATE_VOLUME,
	  .ask = ask_create,
	  .show = show_volume_done },
	{ .name = "volume rename",
	  .summary = "another name for a volume",
	  .forms = { "VOLUME NAME" },
	  .args = { { "VOLUME", WORD_VOLUME }, { "NAME", WORD_ANY } },
	  .min_args = 2,
	  .method = WIRE_RENAME_VOLUME,
	  .ask = ask_rename,
	  .show = show_volume_changed },
	{ .name = "volume resize",
	  .summary = "make a volume larger or smaller",
	  .help = "What is added is zeroed; what is cut off is scrubbed. Refused while mapped.",
	  .forms = { "VOLUME SIZE" },
	  .args = { { "VOLUME", WORD_VOLUME }, { "SIZE", WORD_ANY } },
	  .min_args = 2,
	  .method = WIRE_RESIZE_VOLUME,
	  .ask = ask_resize,
	  .show = show_volume_done,
	  .run = run_resize },
	{ .name = "volume owner",
	  .summary = "say which guest may map a volume",
	  .help = "OWNER is uuid:UUID or name:NAME.",
	  .forms = { "VOLUME OWNER", "VOLUME --none" },
	  .args = { { "VOLUME", WORD_VOLUME }, { "OWNER", WORD_ANY } },
	  .min_args = 1,
	  OPTIONS(owner_options),
	  .method = WIRE_SET_VOLUME_OWNER,
	  .ask = ask_owner,
	  .show = show_volume_changed },
	{ .name = "volume delete",
	  .summary = "zero a volume's bytes and free its space, for good",
	  .help = "Asks first on a terminal, unless --yes is given. Refused while mapped.\n"
		  "The space is free only when it is zeroed, also across crashes.",
	  .forms = { "VOLUME" },
	  .args = { { "VOLUME", WORD_VOLUME } },
	  .min_args = 1,
	  OPTIONS(delete_options),
	  .method = WIRE_DELETE_VOLUME,
	  .ask = ask_delete,
	  .show = show_done,
	  .run = run_delete },
	{ .name = "map",
	  .summary = "put a volume, or a bare range, into a running guest",
	  .help = "DOMAIN is a domid, a name or a UUID. Without --gpa nvdimmd chooses the address.",
	  .forms = { "VOLUME DOMAIN",
		     "--pool POOL --offset OFFSET --size SIZE DOMAIN" },
	  .args = { { "VOLUME", WORD_VOLUME }, { "DOMAIN", WORD_DOMAIN } },
	  .min_args = 1,
	  OPTIONS(map_options),
	  .method = WIRE_MAP,
	  .ask = ask_map,
	  .show = show_mapped },
	{ .name = "unmap",
	  .summary = "take it out of the guest again",
	  .help = "Takes it away at once, also while the guest uses it.",
	  .forms = { "VOLUME", "--map-id ID", "DOMAIN ADDRESS" },
	  .args = { { "VOLUME", WORD_VOLUME }, { "ADDRESS", WORD_ANY } },
	  .min_args = 0,
	  OPTIONS(unmap_options),
	  .method = WIRE_UNMAP,
	  .ask = ask_unmap,
	  .show = show_done },
	{ .name = "attach",
	  .summary = "a new device for a running guest, with its nodes in xenstore",
	  .help = "DOMAIN is a domid, a name or a UUID. What 'nvctl map' does, for guests and\n"
		  "toolstacks that look into xenstore.",
	  .forms = { "VOLUME DOMAIN" },
	  .args = { { "VOLUME", WORD_VOLUME }, { "DOMAIN", WORD_DOMAIN } },
	  .min_args = 2,
	  OPTIONS(attach_options),
	  .method = WIRE_ATTACH,
	  .ask = ask_attach,
	  .show = show_mapped },
	{ .name = "detach",
	  .summary = "take a device from a running guest, if the guest agrees",
	  .help = "The guest is asked to give the memory up. It stays if the guest says no, or\n"
		  "nothing in time.",
	  .forms = { "VOLUME", "DOMAIN --device N" },
	  .args = { { "VOLUME", WORD_VOLUME } },
	  .min_args = 1,
	  OPTIONS(detach_options),
	  .method = WIRE_DETACH,
	  .ask = ask_detach,
	  .show = show_done },
	{ .name = "guest list",
	  .summary = "what guests get whenever they start, and what came of it",
	  .forms = { "[GUEST]" },
	  .args = { { "GUEST", WORD_GUEST } },
	  .method = WIRE_LIST_GUESTS,
	  .ask = ask_guest_list,
	  .show = show_guests },
	{ .name = "guest show",
	  .summary = "one guest's list, and what to put into an HVM guest's configuration",
	  .forms = { "GUEST" },
	  .args = { { "GUEST", WORD_GUEST } },
	  .min_args = 1,
	  .method = WIRE_GET_GUEST,
	  .ask = ask_guest_list,
	  .show = show_guest },
	{ .name = "guest add",
	  .summary = "a guest gets a volume whenever it starts",
	  .help = "GUEST is the name or the UUID that it has each time, also as name:NAME, uuid:UUID.\n"
		  "A guest that cannot have its volume waits, held, unless --if-missing=run is given.",
	  .forms = { "GUEST VOLUME" },
	  .args = { { "GUEST", WORD_GUEST }, { "VOLUME", WORD_VOLUME } },
	  .min_args = 2,
	  OPTIONS(guest_add_options),
	  .method = WIRE_ADD_GUEST_DEVICE,
	  .ask = ask_guest_add,
	  .show = show_guest_added },
	{ .name = "guest remove",
	  .summary = "and now it does not any more",
	  .help = "What the guest has mapped now it keeps until it ends.",
	  .forms = { "GUEST VOLUME", "GUEST --device N" },
	  .args = { { "GUEST", WORD_GUEST }, { "VOLUME", WORD_VOLUME } },
	  .min_args = 1,
	  OPTIONS(guest_remove_options),
	  .method = WIRE_REMOVE_GUEST_DEVICE,
	  .ask = ask_guest_remove,
	  .show = show_guest_removed },
	{ .name = "repair",
	  .summary = "clear the poison in a volume's bad pages",
	  .help = "What the pages held is lost, they are zero then. Refused while mapped. Done is\n"
		  "what the platform reads back clean; what stays bad is said, and stays out of use.\n"
		  "For bad pages that are in no volume: 'nvctl pool repair'.",
	  .forms = { "VOLUME" },
	  .args = { { "VOLUME", WORD_VOLUME } },
	  .min_args = 1,
	  .method = WIRE_REPAIR_VOLUME,
	  .ask = ask_volume,
	  .show = show_done },
	{ .name = "events",
	  .summary = "what happened, oldest first",
	  .forms = { "" },
	  OPTIONS(events_options),
	  .method = WIRE_LIST_EVENTS,
	  .ask = ask_events,
	  .show = show_events },
	{ .name = "why",
	  .summary = "what is at a place, and what happened there",
	  .help = "PLACE is a system physical address (0x140005000), a volume (db), a place in a\n"
		  "volume (db+0x5000), or a guest's address (web1:0x3fc0005000).",
	  .forms = { "PLACE" },
	  .args = { { "PLACE", WORD_VOLUME } },
	  .min_args = 1,
	  OPTIONS(why_options),
	  .method = WIRE_WHY,
	  .ask = ask_why,
	  .show = show_why },
	{ .name = "offline",
	  .summary = "take a place out of use before it fails",
	  .help = "PLACE as with why, but of a volume only with an offset. A guest that has it is told\n"
		  "by a machine check, as if it had failed. Asks first on a terminal, unless --yes is\n"
		  "given: the bytes are lost. 'nvctl repair' brings the pages back.",
	  .forms = { "PLACE" },
	  .args = { { "PLACE", WORD_VOLUME } },
	  .min_args = 1,
	  OPTIONS(offline_options),
	  .method = WIRE_OFFLINE,
	  .ask = ask_why,
	  .show = show_offline,
	  .run = run_offline },
	{ .name = "monitor",
	  .summary = "what happens, as it happens",
	  .help = "Goes on until interrupted; waits for the daemon when it is restarted.",
	  .forms = { "" },
	  OPTIONS(monitor_options),
	  .method = WIRE_MONITOR,
	  .show = show_event,
	  .run = run_monitor },
	{ .name = "backup",
	  .summary = "a consistent copy of the database into FILE",
	  .help = "FILE is replaced only by a whole copy. The volumes' bytes are not in it.",
	  .forms = { "FILE" },
	  .args = { { "FILE", WORD_FILE } },
	  .min_args = 1,
	  .method = WIRE_BACKUP,
	  .show = show_copied,
	  .run = run_backup },
	{ .name = "restore",
	  .summary = "take FILE as the database",
	  .help = "Refused, and nothing changed, unless it is a whole backup and nothing is mapped.\n"
		  "Asks first on a terminal, unless --yes is given.",
	  .forms = { "FILE" },
	  .args = { { "FILE", WORD_FILE } },
	  .min_args = 1,
	  .method = WIRE_RESTORE,
	  .show = show_copied,
	  .run = run_restore },
	{ .name = "version",
	  .summary = "versions of nvctl and of the running daemon",
	  .forms = { "" },
	  .method = WIRE_GET_STATUS,
	  .show = show_version,
	  .run = run_version },
	{ .name = "completion",
	  .summary = "the bash completion, or the words that it offers",
	  .help = "WHAT is volumes, pools, devices, domains, guests or verbs.",
	  .forms = { "[WHAT]" },
	  .args = { { "WHAT", WORD_ANY } },
	  .method = WIRE_METHODS,
	  .run = run_completion },
	{ .name = "help",
	  .summary = "this list, or help for a verb",
	  .forms = { "[VERB]" },
	  .args = { { "VERB", WORD_VERB }, { "VERB", WORD_VERB } },
	  .method = WIRE_METHODS,
	  .run = run_help },
};

const struct verb *verbs(size_t *ret_n)
{
	*ret_n = NV_ARRAY_SIZE(table);
	return table;
}

/* Are the words the verb's name? Return: how many words that is, or 0. */
static int name_matches(const char *name, char *const *words, int n)
{
	const char *space = strchr(name, ' ');
	size_t len = space ? (size_t)(space - name) : strlen(name);

	if (n < 1 || strlen(words[0]) != len || strncmp(words[0], name, len))
		return 0;
	if (!space)
		return 1;
	return n > 1 && !strcmp(words[1], space + 1) ? 2 : 0;
}

const struct verb *verb_find(char *const *words, int n, int *ret_words)
{
	size_t i;

	*ret_words = 0;
	for (i = 0; i < NV_ARRAY_SIZE(table); i++) {
		*ret_words = name_matches(table[i].name, words, n);
		if (*ret_words)
			return &table[i];
	}
	return NULL;
}
