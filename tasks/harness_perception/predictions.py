"""Scales that models of `perceptual_scales` predict for the authors' 15 experiments.

They were computed by this project from the first and the last picture of each experiment (the
task `vacher`), and rounded to three digits. ``vgg19`` is one untrained network at its second
convolution; ``closed-form`` is there for the three Gaussian textures alone. The ends, 0 and 1, are
left out of the table.
"""

from __future__ import annotations

import numpy as np

from harness import Floats

STRAIGHT = "straight-line"
TABLE = """
exp_sf closed-form .179 .317 .431 .526 .609 .683 .748 .807 .861 .911 .957
exp_sf_bdw closed-form .238 .380 .483 .567 .638 .701 .758 .812 .862 .910 .956
exp_ori_bdw closed-form .229 .380 .494 .584 .660 .725 .782 .834 .880 .923 .963
exp_sf power-spectrum .419 .536 .612 .670 .718 .759 .796 .830 .863 .897 .934
exp_sf_bdw power-spectrum .489 .605 .677 .731 .775 .813 .845 .875 .904 .932 .961
exp_ori_bdw power-spectrum .405 .518 .594 .654 .703 .747 .787 .825 .862 .900 .942
pair_01 power-spectrum .306 .451 .554 .634 .701 .758 .808 .853 .893 .931 .966
pair_02 power-spectrum .302 .447 .549 .630 .697 .754 .805 .850 .891 .929 .965
pair_03 power-spectrum .287 .425 .525 .605 .672 .730 .782 .829 .873 .914 .954
pair_04 power-spectrum .285 .429 .533 .615 .683 .742 .794 .841 .884 .923 .961
pair_05 power-spectrum .283 .427 .531 .613 .682 .741 .793 .840 .883 .923 .961
pair_06 power-spectrum .040 .078 .118 .161 .208 .261 .320 .389 .471 .574 .717
pair_07 power-spectrum .033 .065 .098 .135 .175 .221 .273 .335 .411 .511 .656
pair_08 power-spectrum .035 .071 .108 .149 .194 .245 .303 .370 .451 .554 .700
pair_09 power-spectrum .038 .073 .111 .151 .196 .245 .302 .367 .446 .547 .689
pair_10 power-spectrum .036 .072 .111 .153 .199 .251 .309 .377 .459 .563 .708
pair_11 power-spectrum .088 .148 .202 .253 .305 .360 .420 .486 .563 .657 .780
pair_12 power-spectrum .119 .200 .268 .330 .391 .451 .513 .579 .652 .735 .838
exp_sf wavelet .382 .515 .601 .665 .717 .761 .799 .835 .869 .904 .944
exp_sf_bdw wavelet .466 .597 .678 .736 .783 .821 .855 .886 .914 .942 .970
exp_ori_bdw wavelet .404 .544 .636 .706 .763 .810 .851 .887 .919 .949 .975
pair_01 wavelet .215 .361 .473 .565 .642 .710 .770 .824 .873 .919 .961
pair_02 wavelet .225 .371 .482 .571 .647 .713 .771 .824 .873 .918 .960
pair_03 wavelet .208 .350 .459 .550 .628 .696 .757 .813 .865 .913 .958
pair_04 wavelet .190 .327 .436 .527 .606 .677 .740 .798 .853 .904 .953
pair_05 wavelet .175 .309 .418 .511 .593 .666 .732 .792 .849 .902 .952
pair_06 wavelet .048 .098 .151 .208 .270 .337 .411 .493 .587 .697 .830
pair_07 wavelet .050 .101 .154 .208 .267 .329 .398 .474 .562 .667 .801
pair_08 wavelet .048 .098 .150 .205 .265 .330 .401 .482 .575 .684 .820
pair_09 wavelet .042 .087 .133 .183 .237 .297 .364 .440 .529 .639 .782
pair_10 wavelet .039 .081 .127 .176 .230 .291 .359 .437 .529 .642 .787
pair_11 wavelet .135 .250 .352 .443 .526 .602 .674 .743 .808 .872 .936
pair_12 wavelet .092 .178 .262 .342 .422 .500 .578 .658 .738 .822 .908
exp_sf pixel .083 .167 .250 .333 .417 .500 .583 .667 .750 .833 .917
exp_sf_bdw pixel .083 .167 .250 .333 .417 .500 .583 .667 .750 .833 .917
exp_ori_bdw pixel .083 .167 .250 .333 .417 .500 .583 .667 .750 .833 .917
pair_01 pixel .090 .178 .265 .351 .436 .520 .602 .684 .764 .844 .922
pair_02 pixel .089 .176 .263 .349 .433 .517 .600 .682 .762 .842 .922
pair_03 pixel .084 .167 .251 .334 .417 .501 .584 .667 .751 .834 .917
pair_04 pixel .084 .168 .252 .336 .420 .503 .586 .669 .752 .835 .918
pair_05 pixel .083 .166 .249 .332 .415 .499 .582 .666 .749 .833 .916
pair_06 pixel .083 .165 .248 .331 .414 .497 .581 .664 .748 .832 .916
pair_07 pixel .083 .167 .250 .333 .416 .500 .583 .666 .750 .833 .917
pair_08 pixel .081 .163 .245 .328 .410 .493 .577 .661 .745 .830 .915
pair_09 pixel .081 .163 .245 .327 .410 .493 .577 .660 .745 .829 .915
pair_10 pixel .078 .158 .238 .319 .401 .483 .567 .652 .737 .824 .911
pair_11 pixel .083 .165 .248 .331 .415 .498 .581 .665 .748 .832 .916
pair_12 pixel .083 .165 .248 .331 .414 .498 .581 .665 .748 .832 .916
exp_sf vgg19 .354 .508 .609 .685 .746 .797 .841 .880 .914 .945 .974
exp_sf_bdw vgg19 .388 .537 .632 .704 .761 .809 .850 .886 .919 .948 .975
exp_ori_bdw vgg19 .171 .304 .414 .508 .590 .664 .731 .793 .850 .903 .953
pair_01 vgg19 .246 .397 .508 .596 .670 .734 .790 .840 .885 .927 .965
pair_02 vgg19 .284 .437 .546 .630 .699 .759 .810 .856 .897 .934 .968
pair_03 vgg19 .250 .400 .510 .598 .671 .735 .790 .840 .885 .927 .965
pair_04 vgg19 .238 .388 .499 .589 .664 .728 .785 .836 .883 .925 .964
pair_05 vgg19 .187 .326 .438 .532 .614 .686 .750 .809 .862 .911 .957
pair_06 vgg19 .039 .081 .126 .176 .231 .291 .360 .438 .530 .643 .788
pair_07 vgg19 .034 .070 .110 .153 .202 .256 .318 .390 .478 .588 .741
pair_08 vgg19 .036 .076 .119 .165 .217 .275 .341 .417 .507 .620 .769
pair_09 vgg19 .033 .069 .108 .150 .197 .250 .311 .382 .467 .576 .728
pair_10 vgg19 .034 .071 .111 .155 .204 .259 .321 .394 .482 .593 .745
pair_11 vgg19 .067 .135 .203 .273 .344 .419 .498 .581 .670 .768 .877
pair_12 vgg19 .096 .186 .272 .355 .436 .515 .594 .673 .753 .833 .916
"""


def predicted_scales() -> dict[str, dict[str, Floats]]:
    """By experiment and model: a scale ``(13,)``. The straight line is the first of each."""
    found: dict[str, dict[str, Floats]] = {}
    for line in TABLE.strip().splitlines():
        name, model, *inner = line.split()
        psi = np.array([0.0, *map(float, inner), 1.0])
        own = found.setdefault(name, {STRAIGHT: np.linspace(0.0, 1.0, len(psi))})
        own[model] = psi
    return found
