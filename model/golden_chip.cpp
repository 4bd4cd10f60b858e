// SPDX-License-Identifier: Apache-2.0
// The golden model on an imperfect chip (model/README.md, "Analog imperfections").
#include "model/golden.hpp"

namespace apical::model {

void Golden::set_testing(bool testing) {
  if (!chip_) return;
  chip_->set_testing(testing);
  effective_.weights.clear();
  if (!chip_->settings().weights() || !chip_->acting()) return;
  effective_ = net_;
  for (int c = 1; c <= net_.count(); ++c) find_effective(c);
}

void Golden::find_effective(int c) {
  effective_.weights[index(c - 1)] = net_.weight(c).cwiseProduct(chip_->factors(c));
}

void Golden::send_rates(int k) {
  if (!chip_) return;
  now_.rate[index(k)] = chip_->sends_rate(k, now_.rate[index(k)]);
  heard_rate_[index(k)] = chip_->rate_arrives(k, now_.rate[index(k)]);
}

void Golden::send_errors(int k) {
  if (chip_) heard_error_[index(k)] = chip_->error_arrives(k, chip_->sends_error(k, error(k)));
}

void Golden::leak() {
  if (!chip_ || chip_->kept() == 1.0) return;
  for (int c = 1; c <= net_.count(); ++c) {
    net_.weights[index(c - 1)] *= chip_->kept();
    if (!effective_.weights.empty()) find_effective(c);
  }
}

}  // namespace apical::model
