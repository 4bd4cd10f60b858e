// SPDX-License-Identifier: Apache-2.0
#include "model/hodgkin_huxley.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <boost/math/tools/minima.hpp>
#include <cmath>

#include "model/elementary.hpp"
#include "tools/experiments/experiment.hpp"
#include "tools/experiments/measure.hpp"
#include "tools/experiments/unit.hpp"

namespace apical::tools {
namespace {

using model::SodiumResponse;

constexpr double voltages[] = {-65.0, -60.0, -56.0};  // mV

double radians(double hertz) {
  return 2.0 * pi * hertz / 1000.0;  // a ms
}

// Change of m³h over phi' times the change of v, of the nonlinear channel under a small sine around v.
std::complex<double> simulated_transfer(double v, double omega, int steps) {
  constexpr double amplitude = 0.01;  // mV
  const double period = 2.0 * pi / omega, dt = period / steps;
  const auto voltage = [&](double step) { return v + amplitude * model::sin(omega * dt * step); };
  model::SodiumChannel channel(v);
  // The start decays with tau_h, at most 8.6 ms.
  const int start = static_cast<int>(std::ceil(200.0 / period)) * steps;
  std::vector<double> open, drive;
  for (int n = 0; n < start + steps; ++n) {
    if (n >= start) {
      open.push_back(channel.open(voltage(n)));
      drive.push_back(voltage(n));
    }
    channel.step(voltage(n), voltage(n + 0.5), voltage(n + 1), dt);
  }
  const double omega_step = omega * dt;
  return phasor(open, omega_step) / phasor(drive, omega_step) / model::sodium_response(v).slope;
}

// Upper end of the band in which `deviation` stays below 10 %, Hz.
template <class Deviation>
double band(Deviation deviation) {
  double hertz = 0.01;
  while (hertz < 1000.0 && deviation(radians(hertz)) <= 0.1) hertz *= 1.002;
  return hertz;
}

void lead_over_frequency(const Setting& setting, Findings& f) {
  const std::vector<double> frequencies = logarithmic(0.5, 200.0, setting.quick ? 9 : 27);
  double worst = 0.0, off_unit = 0.0;
  for (const double v : voltages) {
    const SodiumResponse r = model::sodium_response(v);
    Line simulated{"m∞³h simulated", {}, true}, linear{"m∞³h linearised", {}, false},
        ideal{"1 + iωτ_eff", {}, false},
        unit{fmt::format("unit, {}", name_of(setting.config.machine)), {}, true};
    for (const double hertz : frequencies) {
      const double omega = radians(hertz);
      const double measured = degrees(simulated_transfer(v, omega, setting.quick ? 400 : 2000));
      const double expected = degrees(r.transfer(omega));
      worst = std::max(worst, std::abs(measured / expected - 1.0));
      simulated.points.emplace_back(hertz, measured);
      linear.points.emplace_back(hertz, expected);
      ideal.points.emplace_back(hertz, degrees({1.0, omega * r.tau_eff}));
      if (v == voltages[0]) {
        Config config = setting.config;
        config.network.tau = r.tau_eff;
        unit.points.emplace_back(hertz, degrees(unit_lead(config, omega, 0.5)));
        off_unit =
            std::max(off_unit, std::abs(unit.points.back().second / degrees({1.0, omega * r.tau_eff}) - 1.0));
      }
    }
    Figure figure{fmt::format("lead-{:g}mV", -v),
                  fmt::format("Phase lead over the voltage around {} mV: τ_h {:.2f} ms, τ_eff {:.2f} ms.", v,
                              r.tau_h, r.tau_eff),
                  "frequency, Hz",
                  "lead, degrees",
                  {simulated, linear, ideal},
                  true,
                  false};
    if (!unit.points.empty()) figure.lines.push_back(unit);
    f.figures.push_back(figure);
    f.numbers.emplace_back(fmt::format("τ_eff at {} mV, ms", v), r.tau_eff);
    f.numbers.emplace_back(fmt::format("τ_h at {} mV, ms", v), r.tau_h);
    f.numbers.emplace_back(
        fmt::format("lead within 10 % of φ(u) + τ_eff φ'(u) du/dt at {} mV up to, Hz", v),
        band([&](double omega) {
          return std::abs(degrees(r.transfer(omega)) / degrees({1.0, omega * r.tau_eff}) - 1.0);
        }));
    f.numbers.emplace_back(
        fmt::format("response (amplitude and phase) within 10 % of it at {} mV up to, Hz", v),
        band([&](double omega) {
          const std::complex<double> wanted(1.0, omega * r.tau_eff);
          return std::abs(r.transfer(omega) / wanted - 1.0);
        }));
    double greatest = 0.0, where = 0.0;
    for (const double hertz : logarithmic(0.5, 200.0, 500))
      if (const double lead = degrees(r.transfer(radians(hertz))); lead > greatest) {
        greatest = lead;
        where = hertz;
      }
    f.numbers.emplace_back(fmt::format("greatest lead at {} mV, degrees", v), greatest);
    f.numbers.emplace_back(fmt::format("reached at {} mV at, Hz", v), where);
  }
  f.at_most("lead of the machine's unit with tau = τ_eff off 1 + iωτ_eff, relative", off_unit, 0.01);
  f.at_most("simulated lead off the linearised transfer, 0.5 to 200 Hz, relative", worst, 0.01);
}

// A slow voltage around v: three sines up to 2 Hz, 2 mV in all.
struct SlowDrive {
  double v;
  double at(double t) const {
    return v + model::sin(radians(0.4) * t) + 0.6 * model::sin(radians(1.1) * t + 1.0) +
           0.4 * model::sin(radians(2.0) * t + 2.0);
  }
  double change(double t) const {
    return radians(0.4) * model::cos(radians(0.4) * t) +
           0.6 * radians(1.1) * model::cos(radians(1.1) * t + 1.0) +
           0.4 * radians(2.0) * model::cos(radians(2.0) * t + 2.0);
  }
};

struct Fit {
  Eigen::VectorXd coefficients;  ///< of phi in powers of u − v
  double residual;               ///< root mean square
};

// The polynomial phi that comes closest to y with phi(u) + tau phi'(u) du/dt.
Fit fit_phi(const Eigen::VectorXd& x, const Eigen::VectorXd& change, const Eigen::VectorXd& y, double tau) {
  constexpr int degree = 4;
  Eigen::MatrixXd basis(x.size(), degree + 1);
  for (int k = 0; k <= degree; ++k) {
    basis.col(k) = x.array().pow(k);
    if (k > 0) basis.col(k).array() += tau * k * x.array().pow(k - 1) * change.array();
  }
  Fit fit;
  fit.coefficients = basis.colPivHouseholderQr().solve(y);
  fit.residual = std::sqrt((basis * fit.coefficients - y).squaredNorm() / static_cast<double>(x.size()));
  return fit;
}

// phi and tau_eff from the channel's own response to a slow voltage, by least squares.
void fit_to_slow_voltage(Findings& f) {
  constexpr double dt = 0.5;  // ms
  for (const double v : voltages) {
    const SlowDrive drive{v};
    model::SodiumChannel channel(drive.at(-500.0));
    constexpr int start = 1000, count = 20000;
    Eigen::VectorXd x(count), change(count), y(count);
    for (int n = 0; n < start + count; ++n) {
      const double t = (n - start) * dt;
      if (n >= start) {
        x[n - start] = drive.at(t) - v;
        change[n - start] = drive.change(t);
        y[n - start] = channel.open(drive.at(t));
      }
      channel.step(drive.at(t), drive.at(t + dt / 2), drive.at(t + dt), dt);
    }
    const auto [tau, residual] = boost::math::tools::brent_find_minima(
        [&](double guess) { return fit_phi(x, change, y, guess).residual; }, 0.0, 20.0, 40);
    const Fit fit = fit_phi(x, change, y, tau), without = fit_phi(x, change, y, 0.0);
    const SodiumResponse r = model::sodium_response(v);
    f.numbers.emplace_back(fmt::format("τ_eff fitted to a slow voltage around {} mV, ms", v), tau);
    f.numbers.emplace_back(
        fmt::format("residual of the fit at {} mV, relative to that without look-ahead", v),
        residual / without.residual);
    f.at_most(fmt::format("τ_eff fitted off the linearised one at {} mV, relative", v),
              std::abs(tau / r.tau_eff - 1.0), 0.1);
    f.at_most(fmt::format("φ' fitted off (m∞³h∞)' at {} mV, relative", v),
              std::abs(fit.coefficients[1] / r.slope - 1.0), 0.02);
    if (v != voltages[0]) continue;
    Line channel_line{"m∞³h", {}, false}, still{"φ(u)", {}, false},
        fitted{"φ(u) + τ_eff φ'(u) du/dt", {}, true};
    for (int n = 0; n < 4000; n += 8) {
      double phi = 0.0, slope = 0.0;
      for (Eigen::Index k = fit.coefficients.size() - 1; k >= 0; --k) {
        slope = slope * x[n] + phi;
        phi = phi * x[n] + fit.coefficients[k];
      }
      channel_line.points.emplace_back(n * dt, y[n]);
      still.points.emplace_back(n * dt, phi);
      if (n % 40 == 0) fitted.points.emplace_back(n * dt, phi + tau * slope * change[n]);
    }
    f.figures.push_back({"fit",
                         "The channel under a slow voltage around −65 mV, and the fitted advanced response.",
                         "t, ms",
                         "m³h",
                         {channel_line, still, fitted}});
  }
}

Findings analyse(const Setting& setting) {
  Findings f;
  lead_over_frequency(setting, f);
  fit_to_slow_voltage(f);
  return f;
}

}  // namespace

Experiment hodgkin_huxley() {
  return {
      "2", "Prospective firing and sodium gating",
      "The look-ahead of firing comes out of spike generation: m∞³(u) h(u, u̇) is about φ(u) + τ_eff φ'(u) u̇.",
      "The squid axon's sodium channel, activation at its steady state, under small sines of voltage around "
      "three resting voltages: lead over frequency, beside the linearised transfer, the ideal look-ahead "
      "and the machine's own unit. Then φ and τ_eff are fitted to a slow voltage.",
      analyse};
}

}  // namespace apical::tools
