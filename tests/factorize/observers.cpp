// SPDX-License-Identifier: BSD-3-Clause
#include "../support.hpp"

#include <cctype>
#include <sstream>
#include <stop_token>

#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/update/hals.hpp>

namespace observers_test
{
using namespace support;

namespace
{
const matrix X = random_matrix(30, 24, 1);

/// A factorization of 25 iterations unless something ends it earlier.
template <class... Args>
auto run(Args&&... args)
{
    return xu::factorize(unfold_as<double>(X),
                         {.rank = 3, .max_iterations = 25, .tolerance = 0, .threads = 1},
                         xu::hals{}, std::forward<Args>(args)...);
}

/// The measured numbers, those after a blank but the first, as '#'.
std::string without_digits(const std::string& line)
{
    std::istringstream in(line);
    std::ostringstream out;
    std::size_t number = 0;
    const char* separator = "";
    for (std::string word; std::getline(in, word, ' '); separator = " ")
    {
        const bool measured = !word.empty() && std::isdigit(word.front()) != 0 && number++ > 0;
        out << separator << (measured ? "#" : word);
    }
    return out.str();
}

std::vector<std::string> lines_of(const std::string& text)
{
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}
}

TEST_CASE("observers: see every iteration as it is")
{
    std::vector<xu::record> seen;
    std::vector<bool> last;
    matrix maps, components;
    const auto result = run(
        [&](const xu::iteration<double>& it)
        {
            seen.push_back({it.number, it.objective, it.mse, it.relative_change, it.seconds});
            last.push_back(it.last);
            CHECK(it.max_iterations == 25);
            maps = to_matrix(it.maps);
            components = to_matrix(it.components);
            CHECK(it.mse ==
                  doctest::Approx(squared_residual(X, maps, components) / 720).epsilon(1e-10));
        });
    REQUIRE(seen.size() == 25);
    for (std::size_t t = 0; t < 25; ++t)
    {
        CHECK(seen[t].iteration == t + 1);
        CHECK(seen[t].objective == result.history[t].objective);
        CHECK(seen[t].mse == result.history[t].mse);
        CHECK(seen[t].relative_change == result.history[t].relative_change);
        CHECK(seen[t].seconds == result.history[t].seconds);
        CHECK((t == 0 || seen[t].seconds >= seen[t - 1].seconds));
        CHECK(last[t] == (t == 24));
    }
    CHECK(std::isinf(seen[0].relative_change));
    const matrix model = maps * transposed(components);
    CHECK(relative_distance(to_matrix(result.maps_matrix()) *
                                transposed(to_matrix(result.components_matrix())),
                            model) < 1e-12);
}

TEST_CASE("observers: any of several may stop, all are told")
{
    int first = 0, second = 0, third = 0;
    const auto result = run([&](const auto&) { ++first; },
                            [&](const auto& it)
                            {
                                ++second;
                                return it.number == 4 ? xu::flow::stop : xu::flow::proceed;
                            },
                            xu::on_maps(xu::non_negative{}), [&](const auto&) { ++third; });
    CHECK(result.status == xu::status::stopped);
    CHECK(result.iterations == 4);
    CHECK((first == 4 && second == 4 && third == 4));
}

TEST_CASE("observers: arguments may be named and constant")
{
    const auto on_maps = xu::on_maps(xu::non_negative{});
    const auto on_components = xu::on_components(xu::non_negative{});
    const xu::random_uniform init;
    const xu::stop_below enough{.mse = 1e9};
    const std::stop_source source;
    const std::stop_token token = source.get_token();
    const auto result = run(on_components, init, token, on_maps, enough);
    CHECK(result.iterations == 1);
    CHECK(result.status == xu::status::stopped);
    for (double x : to_matrix(result.maps_matrix()).values)
        CHECK(x >= 0);
}

TEST_CASE("observers: a stop token cancels after the iteration at hand")
{
    std::stop_source source;
    const auto result = run(source.get_token(),
                            [&](const auto& it)
                            {
                                if (it.number == 3)
                                    source.request_stop();
                            });
    CHECK(result.status == xu::status::stopped);
    CHECK((result.iterations == 3 || result.iterations == 4));
    CHECK(run(source.get_token()).iterations == 1);
}

TEST_CASE("observers: stop_after and stop_below")
{
    CHECK(run(xu::stop_after{.seconds = 0}).iterations == 1);
    CHECK(run(xu::stop_after{.seconds = 1e6}).iterations == 25);
    const double halfway = run().history[11].mse;
    const auto result = run(xu::stop_below{.mse = halfway});
    CHECK(result.status == xu::status::stopped);
    CHECK(result.iterations == 12);
    CHECK(result.mse == doctest::Approx(halfway).epsilon(1e-12)); // from the elements
    CHECK(run(xu::stop_below{}).iterations == 25);
}

TEST_CASE("progress_bar: plain lines for a pipe")
{
    std::ostringstream out;
    run(xu::progress_bar(out));
    const auto lines = lines_of(out.str());
    REQUIRE(lines.size() == 6);
    const std::size_t numbers[] = {1, 2, 5, 10, 20, 25};
    for (std::size_t l = 0; l < 6; ++l)
        CHECK(without_digits(lines[l]) == "iteration " + std::to_string(numbers[l]) +
                                              "/25  mse #  # it/s" +
                                              (l < 5 ? "  at most # s left" : ""));
}

TEST_CASE("progress_bar: one line that renews itself, with a label")
{
    std::ostringstream out;
    run(xu::progress_bar(out, xu::progress_bar::style::bar, "start 3 "));
    const std::string text = out.str();
    CHECK(std::count(text.begin(), text.end(), '\r') == 25);
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    CHECK(text.back() == '\n');
    CHECK(text.find("\rstart 3 [" + std::string(9, '#') + std::string(15, '.') +
                    "] iteration 10/25  mse 0.") != text.npos);
    CHECK(text.find("\rstart 3 [" + std::string(24, '#') + "] iteration 25/25") != text.npos);
}

TEST_CASE("progress_bar: tells the last line where convergence ends the run, too")
{
    std::ostringstream out;
    const auto result = xu::factorize(
        unfold_as<double>(X), {.rank = 3, .max_iterations = 4000, .tolerance = 1e-4, .threads = 1},
        xu::hals{}, xu::progress_bar(out));
    REQUIRE(result.status == xu::status::converged);
    CHECK(lines_of(out.str()).back().starts_with("iteration " + std::to_string(result.iterations) +
                                                 "/4000  mse "));
}

TEST_CASE("progress_bar: long times are told in minutes and rates without exponents")
{
    std::ostringstream out;
    xu::progress_bar bar(out);
    bar(xu::iteration<float>{.number = 10, .max_iterations = 1000, .mse = 2.5, .seconds = 20});
    bar(xu::iteration<float>{.number = 20, .max_iterations = 40, .mse = 2.5, .seconds = 99.9});
    bar(xu::iteration<float>{.number = 50, .max_iterations = 100, .mse = 2.5, .seconds = 0.001});
    CHECK(out.str() == "iteration 10/1000  mse 2.5  0.5 it/s  at most 33 min 0 s left\n"
                       "iteration 20/40  mse 2.5  0.2 it/s  at most 99.9 s left\n"
                       "iteration 50/100  mse 2.5  50000 it/s  at most 0.001 s left\n");
}
}
