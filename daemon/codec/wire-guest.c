/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * codec/wire-guest.c - what guests are to get, field by field.
 */
#include "codec/wire.h"

#define TABLE(var, idl, s, list)                                      \
	const struct fields var = { .type = (idl),                    \
				    .size = sizeof(struct s),         \
				    .field = (list),                  \
				    .n = NV_ARRAY_SIZE(list) }
#define HAS(s, m) .has = offsetof(struct s, has_##m)
#define WORD(NAME, word) word,
#define WORDS(list) .words = (list), .n_words = NV_ARRAY_SIZE(list)

static const char *const if_missing[] = { VIEW_IF_MISSING(WORD) };
static const char *const guest_states[] = { VIEW_GUEST_STATES(WORD) };

static const struct field guest_device[] = {
	{ "guest", FIELD_TEXT, FIELD_OF(view_guest_device, guest) },
	{ "device", FIELD_U32, FIELD_AT(view_guest_device, device) },
	{ "volume", FIELD_TEXT, FIELD_OF(view_guest_device, volume) },
	{ "size", FIELD_SIZE, FIELD_AT(view_guest_device, size) },
	{ "gpa", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(view_guest_device, gpa),
	  HAS(view_guest_device, gpa) },
	{ "if_missing", FIELD_WORD, FIELD_AT(view_guest_device, if_missing),
	  WORDS(if_missing) },
	{ "state", FIELD_WORD, FIELD_AT(view_guest_device, state),
	  WORDS(guest_states) },
	{ "domid", FIELD_U32, FIELD_IF_HAS,
	  FIELD_AT(view_guest_device, domid), HAS(view_guest_device, domid) },
	{ "reason", FIELD_TEXT, FIELD_IF_SET,
	  FIELD_OF(view_guest_device, reason) },
};
TABLE(wire_type_guest_device, "GuestDevice", view_guest_device, guest_device);

static const struct field guest[] = {
	{ "guest", FIELD_TEXT, FIELD_OF(view_guest, guest) },
	{ "devices", FIELD_LIST, FIELD_AT(view_guest, devices.v),
	  .count_at = offsetof(struct view_guest, devices.n),
	  .table = &wire_type_guest_device },
	{ "acpi_firmware", FIELD_TEXT, FIELD_IF_SET,
	  FIELD_OF(view_guest, acpi_firmware) },
	{ "no_firmware", FIELD_TEXT, FIELD_IF_SET,
	  FIELD_OF(view_guest, no_firmware) },
};
TABLE(wire_type_guest, "Guest", view_guest, guest);

static const struct field list_guests[] = {
	{ "guest", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_list_guests, guest) },
};
TABLE(wire_list_guests, "ListGuests", req_list_guests, list_guests);

static const struct field get_guest[] = {
	{ "guest", FIELD_TEXT, FIELD_OF(req_list_guests, guest) },
};
TABLE(wire_get_guest, "GetGuest", req_list_guests, get_guest);

static const struct field add_guest_device[] = {
	{ "guest", FIELD_TEXT, FIELD_OF(req_add_guest_device, guest) },
	{ "volume", FIELD_TEXT, FIELD_OF(req_add_guest_device, volume) },
	{ "device", FIELD_U32, FIELD_IF_HAS,
	  FIELD_AT(req_add_guest_device, device),
	  HAS(req_add_guest_device, device) },
	{ "gpa", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_add_guest_device, gpa),
	  HAS(req_add_guest_device, gpa) },
	{ "run_without", FIELD_BOOL, FIELD_IF_SET,
	  FIELD_AT(req_add_guest_device, run_without) },
};
TABLE(wire_add_guest_device, "AddGuestDevice", req_add_guest_device,
      add_guest_device);

static const struct field remove_guest_device[] = {
	{ "guest", FIELD_TEXT, FIELD_OF(req_remove_guest_device, guest) },
	{ "volume", FIELD_TEXT, FIELD_IF_SET,
	  FIELD_OF(req_remove_guest_device, volume) },
	{ "device", FIELD_U32, FIELD_IF_HAS,
	  FIELD_AT(req_remove_guest_device, device),
	  HAS(req_remove_guest_device, device) },
};
TABLE(wire_remove_guest_device, "RemoveGuestDevice", req_remove_guest_device,
      remove_guest_device);

static const struct field attach[] = {
	{ "domain", FIELD_TEXT, FIELD_OF(req_attach, domain) },
	{ "volume", FIELD_TEXT, FIELD_OF(req_attach, volume) },
	{ "device", FIELD_U32, FIELD_IF_HAS, FIELD_AT(req_attach, device),
	  HAS(req_attach, device) },
	{ "gpa", FIELD_SIZE, FIELD_IF_HAS, FIELD_AT(req_attach, gpa),
	  HAS(req_attach, gpa) },
};
TABLE(wire_attach, "Attach", req_attach, attach);

static const struct field detach[] = {
	{ "volume", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_detach, volume) },
	{ "domain", FIELD_TEXT, FIELD_IF_SET, FIELD_OF(req_detach, domain) },
	{ "device", FIELD_U32, FIELD_IF_HAS, FIELD_AT(req_detach, device),
	  HAS(req_detach, device) },
	{ "force", FIELD_BOOL, FIELD_IF_SET, FIELD_AT(req_detach, force) },
};
TABLE(wire_detach, "Detach", req_detach, detach);

static const struct field guests_reply[] = {
	{ "devices", FIELD_LIST, FIELD_AT(wire_guests, devices.v),
	  .count_at = offsetof(struct wire_guests, devices.n),
	  .table = &wire_type_guest_device },
};
TABLE(wire_guests_reply, "the reply", wire_guests, guests_reply);

static const struct field guest_reply[] = {
	{ "guest", FIELD_STRUCT, FIELD_AT(wire_guest, guest),
	  .table = &wire_type_guest },
};
TABLE(wire_guest_reply, "the reply", wire_guest, guest_reply);

static const struct field guest_device_reply[] = {
	{ "device", FIELD_STRUCT, FIELD_AT(wire_guest_device, device),
	  .table = &wire_type_guest_device },
};
TABLE(wire_guest_device_reply, "the reply", wire_guest_device,
      guest_device_reply);

int wire_check_remove(const struct req_remove_guest_device *rq,
		      struct nv_why *why)
{
	if (!rq->volume[0] != rq->has_device)
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "RemoveGuestDevice takes either a volume or a device");
	return 0;
}

int wire_check_detach(const struct req_detach *rq, struct nv_why *why)
{
	if (!rq->volume[0] == !rq->domain[0] || rq->has_device != !!rq->domain[0])
		return nv_refuse(why, NV_E_BAD_REQUEST,
				 "Detach takes either a volume, or domain and device");
	return 0;
}
