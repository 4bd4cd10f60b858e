// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names that differ from level to level: APICAL_JOIN(kernels_level_, APICAL_LEVEL).
#define APICAL_JOIN_(a, b) a##b
#define APICAL_JOIN(a, b) APICAL_JOIN_(a, b)
