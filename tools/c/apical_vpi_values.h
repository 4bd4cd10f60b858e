/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of system functions as C has them, for apical_vpi.c. */
#ifndef APICAL_VPI_VALUES_H
#define APICAL_VPI_VALUES_H
#include <stddef.h>
#include <stdint.h>
#include <vpi_user.h>

enum { APICAL_TEXT_BYTES = 512 };

/* One argument of a call: what goes in is there before it, what comes out is put back behind it. */
typedef struct {
  vpiHandle handle;
  int64_t number;
  double real;
  const char* text;
  void* array; /* of int64_t, double, int32_t or int8_t, as its kind says */
  size_t count;
} argument;

/* Kinds are those of apical_vpi.c. Whether it comes out. */
int is_out(char kind);
/* What goes in; 0 where an argument isn't what its kind says. */
int take_argument(argument*, char kind);
/* What comes out. */
void give_argument(argument*, char kind);
/* A number of at most 64 bits, extended by its sign if it is signed; 0 where it has x or z. */
int number_of(vpiHandle, int64_t* number);
/* At most APICAL_TEXT_BYTES of it. */
void put_text(vpiHandle, const char* text);

#endif
