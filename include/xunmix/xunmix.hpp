// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Everything, for people, room by room. Files, pictures and simulated data have headers of their
// own: io/, simulate/. Similarity and clustering of patterns come with KissFFT only
// (libkissfft-dev).
#include <xunmix/version.hpp>

#include <xunmix/linalg/matrix_ref.hpp>

#include <xunmix/model/iteration.hpp>
#include <xunmix/model/observe.hpp>
#include <xunmix/model/rank_range.hpp>
#include <xunmix/model/relevance_trace.hpp>
#include <xunmix/model/result.hpp>

#include <xunmix/contract/all_of.hpp>
#include <xunmix/contract/check_constraint.hpp>
#include <xunmix/contract/check_update.hpp>

#include <xunmix/unfold/mask.hpp>
#include <xunmix/unfold/unfold.hpp>

#include <xunmix/matrix/any_matrix.hpp>
#include <xunmix/matrix/dense.hpp>
#include <xunmix/matrix/rows_from.hpp>
#include <xunmix/matrix/scaled.hpp>

#include <xunmix/svd/compressed.hpp>
#include <xunmix/svd/pca.hpp>
#include <xunmix/svd/range_finder.hpp>
#include <xunmix/svd/varimax.hpp>

#include <xunmix/loss/beta_divergence.hpp>

#include <xunmix/constraint/bounded.hpp>
#include <xunmix/constraint/decaying.hpp>
#include <xunmix/constraint/fixed.hpp>
#include <xunmix/constraint/for_columns.hpp>
#include <xunmix/constraint/non_negative.hpp>
#include <xunmix/constraint/resolution_limit.hpp>
#include <xunmix/constraint/ridge.hpp>
#include <xunmix/constraint/scheduled.hpp>
#include <xunmix/constraint/smooth.hpp>
#include <xunmix/constraint/sparse.hpp>
#include <xunmix/constraint/sum_to_one.hpp>
#include <xunmix/constraint/unit_norm.hpp>

#include <xunmix/update/als.hpp>
#include <xunmix/update/ard.hpp>
#include <xunmix/update/ard_multiplicative.hpp>
#include <xunmix/update/bpp.hpp>
#include <xunmix/update/hals.hpp>
#include <xunmix/update/mals.hpp>
#include <xunmix/update/multiplicative.hpp>
#include <xunmix/update/soft_orthogonal.hpp>

#include <xunmix/init/as_start.hpp>
#include <xunmix/init/endmembers.hpp>
#include <xunmix/init/given.hpp>
#include <xunmix/init/nndsvd.hpp>
#include <xunmix/init/random_positions.hpp>
#include <xunmix/init/random_uniform.hpp>
#include <xunmix/init/signal_subspace.hpp>
#include <xunmix/init/spa.hpp>
#include <xunmix/init/vca.hpp>

#include <xunmix/factorize/arguments.hpp>
#include <xunmix/factorize/factorize.hpp>
#include <xunmix/factorize/solver.hpp>

#include <xunmix/compare/adjusted_rand.hpp>
#include <xunmix/compare/agreement.hpp>
#include <xunmix/compare/dark_peaks.hpp>
#include <xunmix/compare/dendrogram.hpp>

#include <xunmix/survey/choose_orthogonality.hpp>
#include <xunmix/survey/compression.hpp>
#include <xunmix/survey/multi_start.hpp>
#include <xunmix/survey/survey.hpp>

#include <xunmix/rank/report.hpp>

#include <xunmix/diffraction/estimate_geometry.hpp>
#include <xunmix/diffraction/no_downward_convex_peak.hpp>
#include <xunmix/diffraction/polar.hpp>
#include <xunmix/diffraction/rotational_average.hpp>

#if __has_include(<kissfft/kissfft.hh>) || __has_include(<kissfft.hh>)
#define XUNMIX_HAS_KISSFFT 1
#include <xunmix/diffraction/clustering.hpp>
#include <xunmix/diffraction/shift_similarity.hpp>
#include <xunmix/diffraction/similarity.hpp>
#endif

#include <xunmix/preprocess/background.hpp>
#include <xunmix/preprocess/display.hpp>
#include <xunmix/preprocess/hot_channels.hpp>
#include <xunmix/preprocess/spikes.hpp>

#include <xunmix/runtime/any_constraint.hpp>
#include <xunmix/runtime/any_start.hpp>
#include <xunmix/runtime/any_update.hpp>
