// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "input.hpp"
#include "json.hpp"
#include "plot/figure.hpp"
#include "run_folder.hpp"

#include <string>
#include <vector>

namespace unmix
{
/// Principal components, whatever the scan's type.
struct decomposition
{
    xunmix::tensor<double> maps;       ///< (k, positions...): scores, masked places NaN
    xunmix::tensor<double> components; ///< (k, channels...): loadings, masked places NaN
    xunmix::tensor<double> mean;       ///< (channels...)
    std::vector<double> variances;
    std::vector<double> mse;
    std::string noise; ///< the noise model used
    bool centred = true;
    std::size_t negative_data = 0;
    double seconds = 0;
};

/// What --algorithm pca does. Counts that are weighed are not centred: their mean is what the
/// weights come from. Throws xunmix::error.
decomposition decompose(const arguments& a, const input& in);

/// One row a component.
table scree_table(const decomposition& found);
json report(const arguments& a, const input& in, const decomposition& found);
montage montage_of(const arguments& a, const input& in, const decomposition& found);
scree scree_of(const arguments& a, const input& in, const decomposition& found);
std::string summary(const decomposition& found);

/// What `--algorithm pca` does, its files and pictures. Throws xunmix::error.
void run_pca(const arguments& a);
}
