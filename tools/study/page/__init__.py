# SPDX-License-Identifier: Apache-2.0
"""What tools/study/reproduce is made of."""
