// SPDX-License-Identifier: BSD-3-Clause
#include "figure.hpp"
#include "ticks.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace unmix
{
namespace
{
constexpr colour joined_ink{0.35, 0.35, 0.35};
constexpr double left = 64, top = 44, right = 24, tree_height = 230, leaf_labels = 34;

/// Easily told apart, also by the colour-blind (M. Okabe and K. Ito); again after eight.
colour ink_of(std::size_t cluster)
{
    constexpr std::array<colour, 8> inks{{{0, 0.45, 0.70},
                                          {0.90, 0.60, 0},
                                          {0, 0.62, 0.45},
                                          {0.80, 0.47, 0.65},
                                          {0.34, 0.71, 0.91},
                                          {0.84, 0.37, 0},
                                          {0.60, 0.55, 0.10},
                                          {0.1, 0.1, 0.1}}};
    return inks.at(cluster % inks.size());
}

/// A leaf or a merge on the page.
struct node
{
    point at;
    bool one_cluster = true; ///< all its leaves are of `cluster`
    std::size_t cluster = 0;
};

void draw_tree(canvas& page, const cluster_picture& what, const box& where)
{
    const auto& merges = what.tree.merges();
    const std::size_t leaves = what.tree.leaves();
    const display_range up{.low = 0, .high = std::max(1e-12, 1.05 * merges.back().distance)};
    const auto height_of = [&](double distance)
    { return where.bottom() - up.place(distance) * where.height; };
    std::vector<node> nodes(leaves);
    const double step = where.width / static_cast<double>(leaves);
    double x = where.x + step / 2;
    for (const std::size_t leaf : what.tree.leaf_order())
    {
        nodes[leaf] = {.at = {x, where.bottom()}, .cluster = what.labels[leaf]};
        page.text({x, where.bottom() + 13}, fmt::to_string(leaf + 1),
                  {.size = std::min(9.0, 0.62 * step),
                   .ink = ink_of(what.labels[leaf]),
                   .side = align::centre});
        x += step;
    }
    for (const auto& m : merges)
    {
        const node a = nodes[m.first], b = nodes[m.second];
        const bool one = a.one_cluster && b.one_cluster && a.cluster == b.cluster;
        const double y = height_of(m.distance);
        const auto branch = [&](const node& from) {
            page.line(from.at, {from.at.x, y}, from.one_cluster ? ink_of(from.cluster) : joined_ink,
                      1.3);
        };
        branch(a);
        branch(b);
        page.line({a.at.x, y}, {b.at.x, y}, one ? ink_of(a.cluster) : joined_ink, 1.3);
        nodes.push_back(
            {.at = {(a.at.x + b.at.x) / 2, y}, .one_cluster = one, .cluster = a.cluster});
    }
    draw_y_axis(page, where, up, 5);
    page.text({where.x - 44, where.y + where.height / 2}, "1 - similarity",
              {.size = 10, .side = align::centre, .upwards = true});
    page.text({where.x + where.width / 2, where.bottom() + 29}, "component",
              {.size = small_text, .ink = axis_ink, .side = align::centre});
}

/// Pattern above map, for each cluster in the tree's order, with the number of its components.
struct gallery
{
    panels patterns, maps;
    double side = 108, map_height = 108, gap = 14;
    std::size_t columns = 1;

    gallery(const cluster_picture& what, double width)
        : patterns(make_panels(what.patterns, what.channel_axes, display::automatic, &magma))
        , maps(make_panels(what.maps, what.position_axes, display::linear, &viridis))
        , map_height(maps.is_curve() ? 60 : side / std::clamp(maps.aspect, 0.5, 2.0))
        , columns(std::max<std::size_t>(1, static_cast<std::size_t>((width + gap) / (side + gap))))
    {
    }
    [[nodiscard]] std::size_t count() const
    {
        return patterns.values.size();
    }
    [[nodiscard]] double row_height() const
    {
        return 18 + side + 4 + map_height + (maps.is_curve() ? 30 : 14);
    }
    [[nodiscard]] double height() const
    {
        return static_cast<double>((count() + columns - 1) / columns) * row_height();
    }
    void draw(canvas& page, const cluster_picture& what, point corner) const
    {
        for (std::size_t i = 0; i < count(); ++i)
        {
            const auto inside = std::ranges::count(what.labels, i);
            const point at{corner.x + static_cast<double>(i % columns) * (side + gap),
                           corner.y + static_cast<double>(i / columns) * row_height()};
            page.text({at.x, at.y + 11}, xunmix::detail::text("cluster ", i + 1, " (", inside, ")"),
                      {.size = 9, .bold = true, .ink = ink_of(i)});
            draw_image(page, patterns, i, {at.x, at.y + 18, side, side}, i == 0);
            const box below{at.x, at.y + 22 + side, side, map_height};
            if (maps.is_curve())
                draw_curve(page, maps, i, below, true, "position");
            else
                draw_image(page, maps, i, below, i == 0);
        }
    }
};

/// (clusters, ...) of what each cluster holds in `part`.
xunmix::tensor<double> stacked(const std::vector<xunmix::pattern_cluster>& clusters,
                               xunmix::tensor<double> xunmix::pattern_cluster::*part)
{
    const auto& first = clusters.front().*part;
    std::vector<std::size_t> shape{clusters.size()};
    shape.insert(shape.end(), first.shape().begin(), first.shape().end());
    auto out = xunmix::tensor<double>::from_shape(shape);
    auto to = out.begin();
    for (const auto& cluster : clusters)
        to = std::copy((cluster.*part).begin(), (cluster.*part).end(), to);
    return out;
}
}

cluster_picture picture_of(const xunmix::dendrogram& tree, const std::vector<std::size_t>& labels,
                           const std::vector<xunmix::pattern_cluster>& clusters)
{
    return {.tree = tree,
            .labels = labels,
            .patterns = stacked(clusters, &xunmix::pattern_cluster::pattern),
            .maps = stacked(clusters, &xunmix::pattern_cluster::map)};
}

void draw_dendrogram(const std::filesystem::path& path, const cluster_picture& what)
{
    xunmix::detail::require<xunmix::invalid_argument>(
        what.labels.size() == what.tree.leaves() && what.patterns.dimension() == 3,
        "a dendrogram needs a label for each of its ", what.tree.leaves(),
        " leaves, and patterns (clusters, v, u); got ", what.labels.size(), " labels");
    const double width = std::max(500.0, 20 * static_cast<double>(what.tree.leaves()));
    const gallery below(what, width);
    canvas page(path, left + width + right, top + tree_height + leaf_labels + 8 + below.height());
    page.text({left, 24}, what.title, {.size = 13, .bold = true});
    draw_tree(page, what, {left, top, width, tree_height});
    below.draw(page, what, {left, top + tree_height + leaf_labels});
    page.save();
}
}
