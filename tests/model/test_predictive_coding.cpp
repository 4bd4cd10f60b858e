// Predictive coding against Newton's equilibrium of the nudged network and against the exact gradient.
#include "model/predictive_coding.hpp"

#include <gtest/gtest.h>

#include "tests/model/theory.hpp"

using namespace apical::model;
using namespace apical::test;

namespace {

const Eigen::VectorXd input = Eigen::VectorXd::LinSpaced(3, -1.0, 1.0);
const Eigen::VectorXd target = Eigen::VectorXd::LinSpaced(2, 0.5, -0.8);

}  // namespace

// Holding the output with variance 1 + 1/beta is the same equilibrium as a free output nudged by beta.
TEST(PredictiveCoding, IsTheEquilibriumOfANudgedOutput) {
  for (const double beta : {0.2, 1.0, 5.0}) {
    const Network<double> net = small_network<double>(3);
    const Drive<double> nudged{input, 0 * input, target, 0 * target, beta};
    const Layers<double> u = equilibrium(net, feedforward(net, input), nudged);
    const Moment<double> expected = evaluate(net, u, nudged);
    const Moment<double> m = relaxed(net, input, target, {1.0 + 1.0 / beta, 0.1, 2000});
    for (std::size_t k = 1; k < u.size(); ++k)
      EXPECT_LT((m.mismatch[k] - expected.mismatch[k]).norm(), 1e-9) << "beta " << beta << " layer " << k;
    EXPECT_GT(expected.mismatch[1].norm(), 1e-3);
  }
}

// The change approaches minus the gradient over the variance, at first order.
TEST(PredictiveCoding, IsBackpropagationForALargeVariance) {
  const Network<double> net = small_network<double>(5);
  const auto exact = backpropagate(net, input, target);
  std::vector<double> off;
  for (const double variance : {1e3, 1e4}) {
    const auto change = predictive_coding(net, input, target, {variance, 0.1, 2000});
    double worst = 0.0;
    for (std::size_t k = 0; k < exact.size(); ++k) {
      ASSERT_EQ(change[k].cols(), net.weights[k].cols());
      worst = std::max(worst, (variance * change[k] + exact[k]).norm() / exact[k].norm());
    }
    off.push_back(worst);
  }
  EXPECT_LT(off[0], 0.01);
  EXPECT_NEAR(off[0] / off[1], 10.0, 0.5);
}
