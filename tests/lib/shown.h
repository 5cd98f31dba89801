/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tests/lib/shown.h - replies of a made-up host, for what prints them.
 *
 * Each fills the zeroed reply of its method; release it by the reply's table.
 * Among the domains is one whose name would like to command the terminal.
 */
#ifndef NV_TESTS_SHOWN_H
#define NV_TESTS_SHOWN_H

void make_status(void *reply);
void make_status_empty(void *reply);
void make_pools(void *reply);
void make_volumes(void *reply);
void make_nothing(void *reply);
void make_volume(void *reply);
void make_mapped(void *reply);
void make_created(void *reply);
void make_guests(void *reply);
void make_guest_hvm(void *reply);
void make_guest_no_firmware(void *reply);
void make_guest_waits(void *reply);
void make_guest_has(void *reply);
void make_events(void *reply);
void make_why(void *reply);

#endif
