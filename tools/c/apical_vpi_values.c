/* SPDX-License-Identifier: Apache-2.0 */
#include "apical_vpi_values.h"

#include <stdlib.h>
#include <string.h>

int is_out(char kind) {
  return kind >= 'A' && kind <= 'Z';
}
static char lower(char kind) {
  return is_out(kind) ? (char)(kind - 'A' + 'a') : kind;
}

int number_of(vpiHandle handle, int64_t* number) {
  s_vpi_value value;
  const int bits = vpi_get(vpiSize, handle);
  uint64_t found = 0;
  value.format = vpiVectorVal;
  vpi_get_value(handle, &value);
  if (bits < 1 || bits > 64 || value.format != vpiVectorVal || value.value.vector[0].bval != 0) return 0;
  found = (uint32_t)value.value.vector[0].aval;
  if (bits > 32) {
    if (value.value.vector[1].bval != 0) return 0;
    found |= (uint64_t)(uint32_t)value.value.vector[1].aval << 32;
  }
  if (bits < 64) {
    found &= ((uint64_t)1 << bits) - 1;
    if (vpi_get(vpiSigned, handle) && (found & ((uint64_t)1 << (bits - 1))) != 0) found |= ~(uint64_t)0 << bits;
  }
  *number = (int64_t)found;
  return 1;
}

static void put_number(vpiHandle handle, int64_t number) {
  s_vpi_vecval words[2];
  s_vpi_value value;
  memset(words, 0, sizeof words);
  words[0].aval = (PLI_INT32)(uint32_t)number;
  words[1].aval = (PLI_INT32)(uint32_t)((uint64_t)number >> 32);
  value.format = vpiVectorVal;
  value.value.vector = words;
  vpi_put_value(handle, &value, NULL, vpiNoDelay);
}

static double real_of(vpiHandle handle) {
  s_vpi_value value;
  value.format = vpiRealVal;
  vpi_get_value(handle, &value);
  return value.value.real;
}

static void put_real(vpiHandle handle, double real) {
  s_vpi_value value;
  value.format = vpiRealVal;
  value.value.real = real;
  vpi_put_value(handle, &value, NULL, vpiNoDelay);
}

void put_text(vpiHandle handle, const char* text) {
  s_vpi_value value;
  char short_text[APICAL_TEXT_BYTES + 1];
  strncpy(short_text, text, APICAL_TEXT_BYTES);
  short_text[APICAL_TEXT_BYTES] = '\0';
  value.format = vpiStringVal;
  value.value.str = short_text;
  vpi_put_value(handle, &value, NULL, vpiNoDelay);
}

/* Word n of a memory, from its lowest number on. */
static vpiHandle word_of(vpiHandle memory, size_t n) {
  s_vpi_value left, right;
  left.format = right.format = vpiIntVal;
  vpi_get_value(vpi_handle(vpiLeftRange, memory), &left);
  vpi_get_value(vpi_handle(vpiRightRange, memory), &right);
  return vpi_handle_by_index(
      memory,
      (left.value.integer < right.value.integer ? left.value.integer : right.value.integer) + (PLI_INT32)n);
}

/* The elements of an array in the way that its kind has them in C, read from it or written back to it. */
static int move_array(argument* a, char kind, int back) {
  size_t i;
  for (i = 0; i < a->count; ++i) {
    const vpiHandle word = word_of(a->handle, i);
    int64_t number = 0;
    if (kind == 'r') {
      if (back)
        put_real(word, ((double*)a->array)[i]);
      else
        ((double*)a->array)[i] = real_of(word);
      continue;
    }
    if (back) {
      put_number(word, kind == 'q'   ? ((int64_t*)a->array)[i]
                       : kind == 'i' ? ((int32_t*)a->array)[i]
                                     : ((int8_t*)a->array)[i]);
      continue;
    }
    if (!number_of(word, &number)) return 0;
    if (kind == 'q')
      ((int64_t*)a->array)[i] = number;
    else if (kind == 'i')
      ((int32_t*)a->array)[i] = (int32_t)number;
    else
      ((int8_t*)a->array)[i] = (int8_t)number;
  }
  return 1;
}

int take_argument(argument* a, char kind) {
  const char k = lower(kind);
  if (strchr("qrib", k) != NULL) {
    const int type = vpi_get(vpiType, a->handle);
    if (type != vpiMemory && type != vpiRegArray && type != vpiNetArray) return 0;
    a->count = (size_t)vpi_get(vpiSize, a->handle);
    a->array = calloc(a->count + 1, sizeof(int64_t));
    return a->array != NULL && (is_out(kind) || move_array(a, k, 0));
  }
  if (is_out(kind)) return 1;
  if (k == 'd') {
    a->real = real_of(a->handle);
    return 1;
  }
  if (k == 's') {
    s_vpi_value value;
    char* copy = NULL;
    value.format = vpiStringVal;
    vpi_get_value(a->handle, &value);
    copy = (char*)malloc(strlen(value.value.str) + 1);
    if (copy == NULL) return 0;
    a->text = strcpy(copy, value.value.str);
    return 1;
  }
  return number_of(a->handle, &a->number);
}

void give_argument(argument* a, char kind) {
  const char k = lower(kind);
  if (strchr("qrib", k) != NULL)
    move_array(a, k, 1);
  else if (k == 's')
    put_text(a->handle, a->text == NULL ? "" : a->text);
  else
    put_number(a->handle, a->number);
}
