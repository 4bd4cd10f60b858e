/* SPDX-License-Identifier: Apache-2.0 */
/* Opening an emulator from texts of a simulator, for apical_dpi.c and apical_vpi.c. */
#ifndef APICAL_OVERRIDES_H
#define APICAL_OVERRIDES_H
#include <stdlib.h>
#include <string.h>

#include "apical.h"

typedef apical_status apical_opener(const char*, const char*, const char* const*, size_t, apical_emulator**);

/* apical_open() or apical_open_text(), with "" for no weights and overrides behind one another, semicolons
 * between. */
static inline apical_status apical_open_listed(apical_opener* opener, const char* what, const char* weights,
                                               const char* overrides, apical_emulator** emulator) {
  const char* list[256];
  size_t count = 0;
  apical_status status = APICAL_INTERNAL;
  char* const text = (char*)malloc(strlen(overrides) + 1);
  if (text == NULL) return status;
  strcpy(text, overrides);
  for (char* one = strtok(text, ";"); one != NULL; one = strtok(NULL, ";")) {
    if (count == sizeof list / sizeof list[0]) {
      free(text);
      return APICAL_BAD_INPUT;
    }
    list[count++] = one;
  }
  status = opener(what, weights[0] != '\0' ? weights : NULL, count > 0 ? list : NULL, count, emulator);
  free(text);
  return status;
}
#endif
